/** How the client looks. Applied before the first paint by `public/theme.js`, which reads the same key. */
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'tertulia.theme';
const systemDark = () => matchMedia('(prefers-color-scheme: dark)');

export function theme(): Theme {
  try {
    const saved = localStorage.getItem(KEY);
    return saved === 'light' || saved === 'dark' ? saved : 'system';
  } catch {
    return 'system';
  }
}

export function setTheme(choice: Theme): void {
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // Storage is blocked: the choice lasts until the page closes.
  }
  apply(choice);
}

/** Keeps following the system while that is the choice. */
export function followSystem(): void {
  systemDark().addEventListener('change', () => apply(theme()));
}

function apply(choice: Theme): void {
  const dark = choice === 'dark' || (choice === 'system' && systemDark().matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
}
