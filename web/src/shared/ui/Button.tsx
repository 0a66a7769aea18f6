import type { ButtonHTMLAttributes, ComponentType, Ref } from 'react';
import styles from './ui.module.css';

type Native = ButtonHTMLAttributes<HTMLButtonElement>;

export function Button({ look = 'plain', className, ...rest }: Native & { look?: 'plain' | 'primary' | 'danger' | 'quiet'; ref?: Ref<HTMLButtonElement> }) {
  return <button type="button" {...rest} className={`${styles.button} ${styles[look]} ${className ?? ''}`} />;
}

export type Icon = ComponentType<{ size?: number | string; 'aria-hidden'?: boolean }>;

/** A button that is only a picture: `label` is its name, shown as its title too. */
export function IconButton({
  label,
  icon: Picture,
  size = 18,
  className,
  ...rest
}: Native & { label: string; icon: Icon; size?: number; ref?: Ref<HTMLButtonElement> }) {
  return (
    <button type="button" aria-label={label} title={label} {...rest} className={`${styles.icon} ${className ?? ''}`}>
      <Picture size={size} aria-hidden />
    </button>
  );
}
