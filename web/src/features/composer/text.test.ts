import { describe, expect, it } from 'vitest';
import { complete, countChars, insert, pasteLink, queryAt, toggleMark } from './text';

const caret = (text: string, at = text.length) => ({ text, start: at, end: at });

describe('text of the message box', () => {
  it('puts marks on and takes them off', () => {
    const bold = toggleMark({ text: 'a word', start: 2, end: 6 }, '**');
    expect(bold).toEqual({ text: 'a **word**', start: 4, end: 8 });
    expect(toggleMark(bold, '**')).toEqual({ text: 'a word', start: 2, end: 6 });
  });

  it('makes a link of an address pasted over words', () => {
    const at = { text: 'see docs', start: 4, end: 8 };
    expect(pasteLink(at, ' https://x.test/a ')?.text).toBe('see [docs](https://x.test/a)');
    expect(pasteLink(at, 'javascript:alert(1)')).toBeNull();
    expect(pasteLink(caret('see'), 'https://x.test')).toBeNull();
  });

  it('asks for people after an @ that is not inside a word', () => {
    expect(queryAt(caret('hi @ma'))).toEqual({ kind: 'person', query: 'ma', from: 3 });
    expect(queryAt(caret('@'))).toEqual({ kind: 'person', query: '', from: 0 });
    expect(queryAt(caret('mail me@ex'))).toBeNull();
    expect(queryAt(caret('@ma ya'))).toBeNull();
  });

  it('asks for emoji after two characters', () => {
    expect(queryAt(caret(':ro'))).toEqual({ kind: 'emoji', query: 'ro', from: 0 });
    expect(queryAt(caret(':r'))).toBeNull();
    expect(queryAt(caret('12:30'))).toBeNull();
  });

  it('completes with one space behind', () => {
    const at = caret('hi @ma');
    expect(complete(at, queryAt(at)!, '@maya')).toEqual({ text: 'hi @maya ', start: 9, end: 9 });
    const middle = caret('hi @ma you', 6);
    expect(complete(middle, queryAt(middle)!, '@maya')).toEqual({ text: 'hi @maya you', start: 9, end: 9 });
  });

  it('counts as the server does', () => {
    expect(countChars('🙂é')).toBe(2);
    expect(insert(caret('ab', 1), '🙂').text).toBe('a🙂b');
  });
});
