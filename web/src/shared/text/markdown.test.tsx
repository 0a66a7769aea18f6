import { cleanup, render } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import { Markdown, safeHref } from './markdown';
import type { Resolve } from './mentions';
import { splitMentions } from './mentions';

const nobody: Resolve = () => undefined;
const people: Resolve = (name) => {
  if (name === 'ada') return { kind: 'person', id: '1', name: 'Ada', me: true };
  if (name === 'grace.h') return { kind: 'person', id: '2', name: 'Grace', me: false };
  return name === 'channel' ? { kind: 'everybody', me: true } : undefined;
};
const draw = (text: string, resolve = nobody) => render(<Markdown text={text} resolve={resolve} />).container;

afterEach(cleanup);

describe('markdown', () => {
  it('shows HTML as the text that it is', () => {
    for (const text of ['<img src=x onerror=alert(1)>', 'a <b onclick="x()">b</b> c', '<script>alert(1)</script>', '<svg/onload=alert(1)>', '<iframe srcdoc="x"></iframe>', '<!-- note -->']) {
      const box = draw(text);
      expect(box.textContent).toBe(text);
      expect(box.querySelector('img,b,script,svg,iframe,[onerror],[onclick],[onload]')).toBeNull();
      cleanup();
    }
  });

  it('shows SQL and shell as text', () => {
    const sql = "Robert'); DROP TABLE students;--";
    expect(draw(sql).textContent).toBe(sql);
  });

  it('makes no link that could run something', () => {
    for (const href of ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,<script>', 'vbscript:x', 'file:///etc/passwd', '//evil.test', 'java\tscript:alert(1)', 'blob:https://x']) {
      expect(safeHref(href)).toBeNull();
    }
    const box = draw('[click](javascript:alert(1)) ![x](javascript:alert(2)) <javascript:alert(3)>');
    expect(box.querySelector('a')).toBeNull();
    expect(box.textContent).toContain('[click](javascript:alert(1))');
  });

  it('opens links in a tab that knows nothing of this one, pictures included', () => {
    const links = draw('[docs](https://x.test/a) https://y.test ![cat](https://z.test/cat.png)').querySelectorAll('a');
    expect([...links].map((a) => a.getAttribute('href'))).toEqual(['https://x.test/a', 'https://y.test/', 'https://z.test/cat.png']);
    for (const a of links) expect(a.rel).toContain('noopener');
    expect(document.querySelector('img')).toBeNull();
  });

  it('keeps single line breaks, code and lists', () => {
    const box = draw('one\ntwo\n\n```js\nlet a = "<b>";\n```\n\n- x\n- y\n\n1. z');
    expect(box.querySelectorAll('br')).toHaveLength(1);
    expect(box.querySelector('pre')?.textContent).toBe('let a = "<b>";');
    expect(box.querySelector('pre')?.dir).toBe('ltr');
    expect(box.querySelectorAll('li')).toHaveLength(3);
  });

  it('loses nothing of what was written: definitions and entities stay', () => {
    expect(draw('[id]: https://x.test').textContent).toContain('[id]: https://x.test');
    cleanup();
    expect(draw('&lt;b&gt; &amp;').textContent).toBe('&lt;b&gt; &amp;');
  });

  it('survives hostile nesting', () => {
    for (const text of ['> '.repeat(4_000) + 'x', '['.repeat(8_000), '*'.repeat(8_000) + 'x', '- '.repeat(3_000) + 'x', '`'.repeat(9_999)]) {
      expect(() => draw(text)).not.toThrow();
      cleanup();
    }
  });

  it('shows plain text as it is', () => {
    const { container } = render(<Markdown text={'**not bold** <i>\nnext'} plain resolve={nobody} />);
    expect(container.textContent).toBe('**not bold** <i>\nnext');
    expect(container.querySelector('strong,i')).toBeNull();
  });

  it('marks mentions of those who are known, and only outside code', () => {
    const box = draw('hi @Ada and @nobody, `@ada`', people);
    expect([...box.querySelectorAll('bdi')].map((one) => one.textContent)).toEqual(['@Ada']);
    expect(box.querySelector('bdi')?.className).toContain('mine');
  });
});

describe('splitMentions', () => {
  const names = (text: string) => splitMentions(text, people).flatMap((piece) => (piece.mention ? [piece.text] : []));

  it('follows the rule of the server', () => {
    expect(names('@ada, @grace.h. (@channel!)')).toEqual(['@ada', '@grace.h', '@channel']);
    expect(names('me@ada x/@ada .@ada')).toEqual([]);
    expect(names('@ada@grace.h')).toEqual(['@ada']);
  });

  it('loses no character', () => {
    const text = 'x @ada… y@ada @grace.h-';
    expect(splitMentions(text, people).map((piece) => piece.text).join('')).toBe(text);
  });
});
