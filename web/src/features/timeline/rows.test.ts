import type { MessageView } from '@tertulia/client';
import { describe, expect, it } from 'vitest';
import { changeOf, rowsOf } from './rows';

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

describe('changeOf', () => {
  const rows = (...ids: string[]) => rowsOf(view(ids.map((id) => message(id, '2026-11-16T09:00:00')), { hasOlder: true }));

  it('knows prepending from appending from a window that slid', () => {
    expect(changeOf(rows('b', 'c'), rows('a', 'b', 'c'))).toEqual({ shift: true, slid: false });
    expect(changeOf(rows('b', 'c'), rows('b', 'c', 'd')).slid).toBe(false);
    expect(changeOf(rows('b', 'c'), rows('b', 'c', 'd')).shift).toBe(false);
    expect(changeOf(rows('a', 'b', 'c'), rows('b', 'c', 'd'))).toEqual({ shift: false, slid: true });
    expect(changeOf(rows('a'), rows('x', 'y'))).toEqual({ shift: false, slid: false });
  });
});
