/** What an `@` in a text may stand for. */
export type Mention = { kind: 'person'; id: string; name: string; me: boolean } | { kind: 'everybody'; me: boolean };

/** Finds who is called by a name, given in lower case. */
export type Resolve = (name: string) => Mention | undefined;

export const EVERYBODY: ReadonlySet<string> = new Set(['here', 'channel', 'everyone', 'all']);

export type Piece = { text: string; mention?: Mention };

// The same rule as the server's: an `@` inside a word or an address is none.
const MENTION = /(^|[^\p{L}\p{N}._\-/])@([a-z0-9][a-z0-9._-]*)/giu;

/** Cuts a text into plain pieces and mentions that resolve. */
export function splitMentions(text: string, resolve: Resolve): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(MENTION)) {
    const name = (match[2] ?? '').replace(/[.\-_]+$/, '');
    const mention = name ? resolve(name.toLowerCase()) : undefined;
    if (!mention) continue;
    const start = match.index + (match[1] ?? '').length;
    if (start > from) pieces.push({ text: text.slice(from, start) });
    from = start + 1 + name.length;
    pieces.push({ text: text.slice(start, from), mention });
  }
  if (from < text.length) pieces.push({ text: text.slice(from) });
  return pieces;
}
