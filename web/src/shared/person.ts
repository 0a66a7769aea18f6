/** White text on each is at least 4.95:1. */
const HUES = ['#6D4AE8', '#0E7C86', '#B54708', '#B42363', '#2F6FB5', '#4F7A1F', '#8A4FBF', '#5B6472'] as const;

/** The colour of whoever has no picture: always the same for the same id. */
export function hueOf(id: string): string {
  let hash = 2166136261;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 16777619);
  return HUES[(hash >>> 0) % HUES.length] ?? HUES[0];
}

/** `Maya Chen` → `MC`, `ada` → `AD`. Counts characters as people see them. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/[\s._-]+/u).filter(Boolean);
  const first = [...(words[0] ?? '?')];
  const last = words.length > 1 ? [...(words[words.length - 1] ?? '')] : [];
  return (last.length > 0 ? `${first[0]}${last[0]}` : first.slice(0, 2).join('')).toUpperCase();
}
