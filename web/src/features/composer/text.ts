/** A text with what is selected in it. Pure, so that it can be tested without a page. */
export interface Selected {
  text: string;
  start: number;
  end: number;
}

/** Puts `mark` around the selection, or takes it away where it is already there. */
export function toggleMark({ text, start, end }: Selected, mark: string): Selected {
  const size = mark.length;
  const inside = text.slice(start, end);
  if (text.slice(start - size, start) === mark && text.slice(end, end + size) === mark) {
    return { text: text.slice(0, start - size) + inside + text.slice(end + size), start: start - size, end: end - size };
  }
  return { text: text.slice(0, start) + mark + inside + mark + text.slice(end), start: start + size, end: end + size };
}

/** Replaces the selection; the caret goes behind. */
export function insert({ text, start, end }: Selected, piece: string): Selected {
  const at = start + piece.length;
  return { text: text.slice(0, start) + piece + text.slice(end), start: at, end: at };
}

/** An address pasted over selected words becomes a link; anything else is pasted as it is (null). */
export function pasteLink(at: Selected, pasted: string): Selected | null {
  const address = pasted.trim();
  if (at.start === at.end || !/^https?:\/\/\S+$/i.test(address)) return null;
  const words = at.text.slice(at.start, at.end);
  return /^https?:/i.test(words) || words.includes('\n') ? null : insert(at, `[${words}](${address})`);
}

/** What stands before the caret and asks for suggestions. */
export interface Query {
  kind: 'person' | 'emoji';
  query: string;
  /** Where the `@` or `:` is. */
  from: number;
}

export function queryAt({ text, start, end }: Selected): Query | null {
  if (start !== end) return null;
  const before = text.slice(0, start);
  const person = /(?:^|[\s([{"'])@([\p{L}\p{N}._-]{0,50})$/u.exec(before);
  if (person) return { kind: 'person', query: person[1] ?? '', from: start - (person[1] ?? '').length - 1 };
  const emoji = /(?:^|\s):([a-z0-9_+-]{2,30})$/i.exec(before);
  return emoji ? { kind: 'emoji', query: emoji[1] ?? '', from: start - (emoji[1] ?? '').length - 1 } : null;
}

/** Puts a chosen suggestion in place of what was typed, with a space behind. */
export function complete(at: Selected, query: Query, piece: string): Selected {
  const space = at.text[at.start] === ' ' ? '' : ' ';
  const done = insert({ text: at.text, start: query.from, end: at.end }, piece + space);
  return space ? done : { ...done, start: done.start + 1, end: done.end + 1 };
}

/** Characters as the server counts them. */
export function countChars(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
