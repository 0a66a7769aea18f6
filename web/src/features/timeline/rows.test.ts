import type { MessageView } from '@tertulia/client';
import { describe, expect, it } from 'vitest';
import { changedAtStart, rowsOf } from './rows';
import { unionOf } from './useWindowSteps';

function message(id: string, at: string, senderId = 'ada', more: Partial<MessageView> = {}): MessageView {
  return {
    id, key: id, conversationId: 'c', seq: 1, senderId, content: { type: 'text', text: id }, threadCount: 0, mentions: [], reactions: [],
    priority: 'normal', createdAt: new Date(at).toISOString(), state: 'sent', ...more,
  };
}

const view = (messages: MessageView[], more = {}) => ({ messages, hasOlder: false, firstUnreadId: null, ...more });
const shape = (messages: MessageView[], more = {}) =>
  rowsOf(view(messages, more)).map((row) => (row.kind === 'message' ? `${row.first ? 'head' : 'same'}:${row.message.id}` : row.kind));

describe('rows', () => {
  it('group one author up to five minutes', () => {
    const list = [message('a', '2026-11-16T09:00:00'), message('b', '2026-11-16T09:05:00'), message('c', '2026-11-16T09:10:01')];
    expect(shape(list)).toEqual(['start', 'day', 'head:a', 'same:b', 'head:c']);
  });

  it('do not group across authors, tombstones, replies or priorities', () => {
    const at = '2026-11-16T09:00:00';
    expect(shape([message('a', at), message('b', at, 'grace')]).slice(2)).toEqual(['head:a', 'head:b']);
    expect(shape([message('a', at, 'ada', { deletedAt: at }), message('b', at)]).slice(2)).toEqual(['head:a', 'head:b']);
    expect(shape([message('a', at), message('b', at, 'ada', { replyTo: 'x' })]).slice(2)).toEqual(['head:a', 'head:b']);
    expect(shape([message('a', at), message('b', at, 'ada', { priority: 'urgent' })]).slice(2)).toEqual(['head:a', 'head:b']);
  });

  it('separate days by the local calendar, also within five minutes', () => {
    const list = [message('a', '2026-11-16T23:59:00'), message('b', '2026-11-17T00:01:00')];
    expect(shape(list)).toEqual(['start', 'day', 'head:a', 'day', 'head:b']);
  });

  it('put the new line before the first unread message, which gets a head', () => {
    const at = '2026-11-16T09:00:00';
    expect(shape([message('a', at), message('b', at)], { firstUnreadId: 'b' })).toEqual(['start', 'day', 'head:a', 'new', 'head:b']);
  });

  it('show the start only where nothing is older, and the root above a thread', () => {
    const at = '2026-11-16T09:00:00';
    expect(shape([message('a', at)], { hasOlder: true })).toEqual(['day', 'head:a']);
    expect(shape([message('b', at)], { root: message('a', at) })).toEqual(['head:a', 'replies', 'head:b']);
  });

  it('have keys that are never used twice', () => {
    const keys = rowsOf(view([message('a', '2026-11-16T09:00:00'), message('b', '2026-11-15T09:00:00'), message('c', '2026-11-16T09:00:00')])).map((row) => row.key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('a window that moves', () => {
  const list = (...ids: string[]) => ids.map((id) => message(id, '2026-11-16T09:00:00'));
  const rows = (...ids: string[]) => rowsOf(view(list(...ids), { hasOlder: true }));
  const union = (old: string, now: string) => unionOf(list(...old), list(...now))?.map((one) => one.id).join('') ?? null;

  it('is measured from its end only when its start changed', () => {
    expect(changedAtStart(rows('b', 'c'), rows('a', 'b', 'c'))).toBe(true);
    expect(changedAtStart(rows('a', 'b', 'c'), rows('b', 'c'))).toBe(true);
    expect(changedAtStart(rows('b', 'c'), rows('b', 'c', 'd'))).toBe(false);
    expect(changedAtStart(rows('b', 'c', 'd'), rows('b', 'c'))).toBe(false);
    expect(changedAtStart(rows('a'), rows('x', 'y'))).toBe(false);
    expect(changedAtStart([], rows('a'))).toBe(false);
  });

  it('takes a step between where both ends change', () => {
    expect(union('cdef', 'abcd')).toBe('abcdef');
    expect(union('abcd', 'cdef')).toBe('abcdef');
  });

  it('takes none where one end changes, or everything', () => {
    for (const [old, now] of [['bc', 'abc'], ['abc', 'abcd'], ['abc', 'bc'], ['abc', 'ab'], ['abc', 'xyz'], ['', 'ab'], ['abc', 'abc'], ['abc', 'axc']] as const) expect(union(old, now)).toBeNull();
  });
});
