import { Lexer, type Token, type Tokens } from 'marked';
import { Fragment, memo, type ReactNode } from 'react';
import { type Resolve, splitMentions } from './mentions';
import styles from './markdown.module.css';

/**
 * Markdown as React nodes. Nothing ever becomes HTML: tags in a message are shown as the text they
 * are, links other than `http`, `https` and `mailto` are shown as text too, pictures as links.
 */
export const Markdown = memo(function Markdown({ text, plain, resolve }: { text: string; plain?: boolean; resolve: Resolve }) {
  if (plain) return <p className={styles.plain}>{mentions(text, resolve)}</p>;
  const jumbo = emojiOnly(text);
  return <div className={jumbo ? `${styles.body} ${styles.jumbo}` : styles.body}>{blocks(lex(text), resolve, 0)}</div>;
});

/** Deeper nesting is shown as its source: nobody reads it, and recursion must end. */
const DEPTH_MAX = 16;
const CACHE_MAX = 600;
const cache = new Map<string, Token[]>();

/** The tokens of a text; of the last few hundred texts they are kept, for rows that scroll back in. */
function lex(text: string): Token[] {
  const known = cache.get(text);
  if (known) return known;
  let tokens: Token[];
  try {
    tokens = new Lexer({ gfm: true, breaks: true }).lex(text);
  } catch {
    // Hostile nesting overflows the parser: show the source.
    tokens = [{ type: 'paragraph', raw: text, text, tokens: [{ type: 'text', raw: text, text }] } as Tokens.Paragraph];
  }
  if (cache.size >= CACHE_MAX) cache.delete(cache.keys().next().value ?? '');
  cache.set(text, tokens);
  return tokens;
}

function emojiOnly(text: string): boolean {
  return text.length <= 24 && /^(?:\p{Extended_Pictographic}[\u{1F3FB}-\u{1F3FF}\uFE0F\u200D]*){1,6}$/u.test(text.replaceAll(' ', ''));
}

function blocks(tokens: readonly Token[], resolve: Resolve, depth: number): ReactNode {
  return tokens.map((token, i) => <Fragment key={i}>{block(token, resolve, depth)}</Fragment>);
}

function block(token: Token, resolve: Resolve, depth: number): ReactNode {
  if (depth > DEPTH_MAX) return token.raw;
  switch (token.type) {
    case 'space':
      return null;
    case 'paragraph':
      return <p>{inlines(token.tokens ?? [], resolve, depth + 1)}</p>;
    case 'heading':
      return <p className={styles.heading}>{inlines(token.tokens ?? [], resolve, depth + 1)}</p>;
    case 'code':
      return (
        <pre dir="ltr" tabIndex={0}>
          <code>{(token as Tokens.Code).text}</code>
        </pre>
      );
    case 'blockquote':
      return <blockquote>{blocks(token.tokens ?? [], resolve, depth + 1)}</blockquote>;
    case 'list':
      return list(token as Tokens.List, resolve, depth);
    case 'table':
      return table(token as Tokens.Table, resolve, depth);
    case 'hr':
      return <hr />;
    case 'text':
      return token.tokens ? inlines(token.tokens, resolve, depth + 1) : mentions(token.text as string, resolve);
    case 'checkbox':
      return checkbox(token as Tokens.Checkbox);
    case 'html':
    case 'def':
      return <p className={styles.plain}>{token.raw.trimEnd()}</p>;
    default:
      return inline(token, resolve, depth);
  }
}

function list(token: Tokens.List, resolve: Resolve, depth: number): ReactNode {
  const items = token.items.map((item, i) => <li key={i}>{blocks(item.tokens, resolve, depth + 1)}</li>);
  return token.ordered ? <ol start={Number(token.start) || 1}>{items}</ol> : <ul>{items}</ul>;
}

function table(token: Tokens.Table, resolve: Resolve, depth: number): ReactNode {
  const cells = (row: readonly Tokens.TableCell[], Cell: 'td' | 'th') =>
    row.map((cell, i) => <Cell key={i}>{inlines(cell.tokens, resolve, depth + 1)}</Cell>);
  return (
    <div className={styles.scroll} tabIndex={0}>
      <table>
        <thead>
          <tr>{cells(token.header, 'th')}</tr>
        </thead>
        <tbody>
          {token.rows.map((row, i) => (
            <tr key={i}>{cells(row, 'td')}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function checkbox(token: Tokens.Checkbox): ReactNode {
  return <span className={styles.check}>{token.checked ? '☑ ' : '☐ '}</span>;
}

function inlines(tokens: readonly Token[], resolve: Resolve, depth: number): ReactNode {
  return tokens.map((token, i) => <Fragment key={i}>{inline(token, resolve, depth)}</Fragment>);
}

function inline(token: Token, resolve: Resolve, depth: number): ReactNode {
  if (depth > DEPTH_MAX) return token.raw;
  const inner = () => inlines(('tokens' in token && token.tokens) || [], resolve, depth + 1);
  switch (token.type) {
    case 'text':
      return 'tokens' in token && token.tokens ? inner() : mentions(token.text as string, resolve);
    case 'escape':
      return token.text as string;
    case 'strong':
      return <strong>{inner()}</strong>;
    case 'em':
      return <em>{inner()}</em>;
    case 'del':
      return <del>{inner()}</del>;
    case 'codespan':
      return <code dir="ltr">{token.text as string}</code>;
    case 'br':
      return <br />;
    case 'link':
      return link(token as Tokens.Link, inner());
    case 'image':
      return link(token as Tokens.Image, (token.text as string) || (token.href as string));
    case 'checkbox':
      return checkbox(token as Tokens.Checkbox);
    default:
      return token.raw;
  }
}

function link(token: Tokens.Link | Tokens.Image, content: ReactNode): ReactNode {
  const href = safeHref(token.href);
  if (!href) return token.raw;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {content}
    </a>
  );
}

/** The address, if following it can only open a page or a letter; else nothing. */
export function safeHref(href: string): string | null {
  try {
    const url = new URL(href);
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function mentions(text: string, resolve: Resolve): ReactNode {
  if (!text.includes('@')) return text;
  return splitMentions(text, resolve).map((piece, i) =>
    piece.mention ? (
      <bdi key={i} className={piece.mention.me ? `${styles.mention} ${styles.mine}` : styles.mention} title={piece.mention.kind === 'person' ? piece.mention.name : undefined}>
        {piece.text}
      </bdi>
    ) : (
      piece.text
    ),
  );
}
