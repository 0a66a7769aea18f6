import type { Status } from '@tertulia/client';
import { hueOf, initialsOf } from '../person';
import { t } from '../strings';
import styles from './ui.module.css';

/** A person's picture or initials. Decoration: the name stands beside it. */
export function Avatar({ id, name, url, size = 36, round }: { id: string; name: string; url?: string; size?: number; round?: boolean }) {
  const box = { inlineSize: size, blockSize: size, fontSize: Math.round(size * 0.39), borderRadius: round ? '50%' : undefined };
  const own = url?.startsWith('/') ? url : undefined;
  return own ? (
    <img className={styles.avatar} style={box} src={own} alt="" loading="lazy" width={size} height={size} />
  ) : (
    <span className={styles.avatar} style={{ ...box, background: hueOf(id) }} aria-hidden>
      {initialsOf(name)}
    </span>
  );
}

/** A presence as colour and shape, with words for assistive technology unless they stand beside it (`quiet`). */
export function PresenceDot({ status, size = 10, quiet }: { status: Status | undefined; size?: number; quiet?: boolean }) {
  const kind = status ?? 'unknown';
  return (
    <svg className={`${styles.dot} ${styles[kind]}`} width={size} height={size} viewBox="0 0 10 10" role={quiet ? undefined : 'img'} aria-hidden={quiet} aria-label={quiet ? undefined : t.presence[kind]}>
      {shapeOf(kind)}
    </svg>
  );
}

function shapeOf(kind: Status | 'unknown') {
  switch (kind) {
    case 'online':
      return <circle cx="5" cy="5" r="4.500" fill="currentColor" />;
    case 'away':
      return (
        <>
          <circle cx="5" cy="5" r="3.900" fill="none" stroke="currentColor" strokeWidth="1.200" />
          <path d="M5 1.100a3.900 3.900 0 0 0 0 7.800z" fill="currentColor" />
        </>
      );
    case 'dnd':
      return (
        <>
          <circle cx="5" cy="5" r="4.500" fill="currentColor" />
          <rect x="2.400" y="4.200" width="5.200" height="1.600" rx=".800" className={styles.cut} />
        </>
      );
    case 'brb':
      return (
        <>
          <circle cx="5" cy="5" r="3.900" fill="none" stroke="currentColor" strokeWidth="1.200" />
          <path d="M5 2.600V5l1.700 1.200" fill="none" stroke="currentColor" strokeWidth="1.200" strokeLinecap="round" />
        </>
      );
    default:
      return <circle cx="5" cy="5" r="3.800" fill="none" stroke="currentColor" strokeWidth="1.600" strokeDasharray={kind === 'unknown' ? '2 1.600' : undefined} />;
  }
}

/** A count in red. The words for it stand beside. */
export function Badge({ count }: { count: number }) {
  if (count <= 0) return null;
  return (
    <span className={styles.badge} aria-hidden>
      {count > 99 ? '99+' : count}
    </span>
  );
}
