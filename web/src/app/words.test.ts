import { describe, expect, it } from 'vitest';
import { deviceName } from './deviceName';
import { findPeople } from '../shared/directory';
import { hueOf, initialsOf } from '../shared/person';
import { listNames, t } from '../shared/strings';
import { ago, dayKey, dayLabel } from '../shared/time';

describe('names', () => {
  it('make initials of what people see', () => {
    expect(['Maya Chen', 'ada', 'Ünal', 'grace.hopper', '', '🦀 Ferris'].map(initialsOf)).toEqual(['MC', 'AD', 'ÜN', 'GH', '?', '🦀F']);
  });

  it('keep their colour', () => {
    expect(hueOf('a')).toBe(hueOf('a'));
    expect(new Set(Array.from({ length: 200 }, (_, n) => hueOf(`user-${n}`))).size).toBe(8);
  });

  it('are listed and typed in words', () => {
    expect(listNames(['Ada', 'Grace', 'Maya'])).toBe('Ada, Grace, and Maya');
    expect(t.typing(['Ada'])).toBe('Ada is typing…');
    expect(t.typing(['Ada', 'Grace'])).toBe('Ada and Grace are typing…');
    expect(t.typing(['Ada', 'Grace', 'Maya'])).toBe('Several people are typing…');
    expect([t.message.replies(1), t.message.replies(4)]).toEqual(['1 reply', '4 replies']);
  });
});

describe('people', () => {
  const user = (username: string, displayName: string, imported = false) => ({ id: username, username, displayName, imported, createdAt: '' });
  const all = [user('zoe', 'Zoe Maas'), user('maya', 'Maya Chen'), user('omar', 'Omar Haddad'), user('mabel', 'Mabel', true)];

  it('are found by beginnings first, imported ones last', () => {
    expect(findPeople(all, 'ma', 9).map((one) => one.id)).toEqual(['maya', 'zoe', 'omar', 'mabel']);
    expect(findPeople(all, '', 2)).toHaveLength(2);
    expect(findPeople(all, 'xyz', 9)).toEqual([]);
  });
});

describe('times', () => {
  const now = new Date(2026, 10, 17, 12).getTime();

  it('name days', () => {
    expect(dayLabel(now, now)).toBe('Today');
    expect(dayLabel(new Date(2026, 10, 16, 23, 59).getTime(), now)).toBe('Yesterday');
    expect(dayLabel(new Date(2025, 0, 1).getTime(), now)).toContain('2025');
    expect(dayKey(new Date(2026, 0, 5, 0, 0).getTime())).toBe('2026-01-05');
  });

  it('are told from now', () => {
    expect(ago(now - 20_000, now)).toBe('just now');
    expect(ago(now - 120_000, now)).toBe('2 minutes ago');
    expect(ago(now + 3 * 86_400_000, now)).toBe('in 3 days');
  });
});

describe('devices', () => {
  it('have a name that their owner knows', () => {
    expect(deviceName('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140 Safari/537.36')).toBe('Chrome on Linux');
    expect(deviceName('Mozilla/5.0 (iPhone; CPU iPhone OS 18) AppleWebKit Version/18 Mobile Safari/604')).toBe('Safari on iOS');
    expect(deviceName('curl')).toBe('Browser');
  });
});
