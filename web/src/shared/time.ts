import { t } from './strings';

/** A time as the wire or the SDK gives it: RFC 3339, or milliseconds since 1970. */
export type When = string | number;

const locale = typeof navigator === 'undefined' ? 'en' : navigator.language;
const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
const full = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'long' });
const date = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric' });
const weekday = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' });
const weekdayYear = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export function millis(when: When): number {
  return typeof when === 'number' ? when : Date.parse(when);
}

/** `09:41` */
export function clockTime(when: When): string {
  return clock.format(millis(when));
}

/** `09:41` without `AM`: where there is room for five characters. */
export function bareTime(when: When): string {
  return clock
    .formatToParts(millis(when))
    .filter((part) => part.type !== 'dayPeriod')
    .map((part) => part.value)
    .join('')
    .trim();
}

/** With weekday, seconds and time zone: for titles. */
export function fullTime(when: When): string {
  return full.format(millis(when));
}

/** `16 Nov 2026` */
export function shortDate(when: When): string {
  return date.format(millis(when));
}

/** Names a local calendar day: `2026-11-16`. */
export function dayKey(when: When): string {
  const d = new Date(millis(when));
  return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}`;
}

/** `Today`, `Yesterday`, `Monday 16 November`, with the year where it is another one. */
export function dayLabel(when: When, now: number = Date.now()): string {
  const key = dayKey(when);
  if (key === dayKey(now)) return t.timeline.today;
  if (key === dayKey(now - DAY_MS)) return t.timeline.yesterday;
  const sameYear = key.slice(0, 4) === dayKey(now).slice(0, 4);
  return (sameYear ? weekday : weekdayYear).format(millis(when));
}

/** `2 minutes ago`, `yesterday`, `in 3 days`; a date when it is over a month away. */
export function ago(when: When, now: number = Date.now()): string {
  const ms = millis(when) - now;
  const size = Math.abs(ms);
  if (size < MINUTE_MS) return ms > 0 ? 'in a moment' : 'just now';
  if (size < HOUR_MS) return relative.format(Math.round(ms / MINUTE_MS), 'minute');
  if (size < DAY_MS) return relative.format(Math.round(ms / HOUR_MS), 'hour');
  if (size < 30 * DAY_MS) return relative.format(Math.round(ms / DAY_MS), 'day');
  return shortDate(when);
}
