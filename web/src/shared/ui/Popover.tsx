import { type ReactNode, type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import styles from './ui.module.css';

interface Props {
  anchor: RefObject<HTMLElement | null>;
  onClose: () => void;
  children: ReactNode;
  /** Name for assistive technology. */
  label: string;
  role?: 'menu' | 'dialog';
  side?: 'below' | 'above';
}

const MARGIN_PX = 8;

/** A small window beside what opened it. Closes on Esc and outside clicks and gives the focus back. */
export function Popover({ anchor, onClose, children, label, role = 'dialog', side = 'below' }: Props) {
  const ref = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  // An open modal dialog makes everything outside of it inert.
  const [host] = useState(() => anchor.current?.closest('dialog') ?? document.body);
  useLayoutEffect(() => {
    if (ref.current && anchor.current) place(ref.current, anchor.current.getBoundingClientRect(), side);
  }, [anchor, side]);
  useEffect(() => {
    const box = ref.current;
    const opener = anchor.current;
    (box?.querySelector<HTMLElement>('[data-autofocus],[role^=menuitem],input,button') ?? box)?.focus();
    const outside = (e: Event) => {
      const target = e.target as Node;
      if (!box?.contains(target) && !opener?.contains(target)) close.current();
    };
    const resized = () => close.current();
    document.addEventListener('pointerdown', outside, true);
    addEventListener('resize', resized);
    return () => {
      document.removeEventListener('pointerdown', outside, true);
      removeEventListener('resize', resized);
      if (!box || box.contains(document.activeElement) || document.activeElement === document.body) opener?.focus();
    };
  }, [anchor]);
  const onKeyDown = (e: React.KeyboardEvent) => {
    e.stopPropagation();
    if (e.key === 'Escape') {
      e.preventDefault();
      onClose();
    } else if (e.key === 'Tab' && role === 'menu') onClose();
    else if (role === 'menu') walk(e, ref.current);
  };
  return createPortal(
    <div ref={ref} className={styles.popover} role={role} aria-label={label} tabIndex={-1} onKeyDown={onKeyDown}>
      {children}
    </div>,
    host,
  );
}

/** Puts the box beside its anchor, inside the viewport. */
function place(box: HTMLElement, at: DOMRect, side: 'below' | 'above'): void {
  const rtl = getComputedStyle(box).direction === 'rtl';
  const size = box.getBoundingClientRect();
  const above = side === 'above' ? at.top - size.height - MARGIN_PX >= 0 : at.bottom + size.height + MARGIN_PX > innerHeight;
  const top = above ? at.top - size.height - 4 : at.bottom + 4;
  const left = rtl ? at.left : at.right - size.width;
  const preferred = at.left + size.width + MARGIN_PX <= innerWidth && !rtl && at.left < innerWidth / 2 ? at.left : left;
  box.style.top = `${Math.max(MARGIN_PX, Math.min(top, innerHeight - size.height - MARGIN_PX))}px`;
  box.style.left = `${Math.max(MARGIN_PX, Math.min(preferred, innerWidth - size.width - MARGIN_PX))}px`;
}

/** Arrows, Home and End move between the items of a menu. */
function walk(e: React.KeyboardEvent, box: HTMLElement | null): void {
  const items = [...(box?.querySelectorAll<HTMLElement>('[role^=menuitem]:not(:disabled)') ?? [])];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[e.key];
  if (next === undefined) return;
  e.preventDefault();
  items[(next + items.length) % items.length]?.focus();
}

/** A line of a menu. */
export function MenuItem({ onPick, icon, danger, checked, children }: { onPick: () => void; icon?: ReactNode; danger?: boolean; checked?: boolean; children: ReactNode }) {
  return (
    <button
      type="button"
      role={checked === undefined ? 'menuitem' : 'menuitemradio'}
      aria-checked={checked}
      className={`${styles.menuItem} ${danger ? styles.menuDanger : ''}`}
      tabIndex={-1}
      onClick={onPick}
    >
      {icon}
      <span>{children}</span>
      {checked && <span aria-hidden>✓</span>}
    </button>
  );
}
