import { type InputHTMLAttributes, type ReactNode, type Ref, useId } from 'react';
import styles from './ui.module.css';

type Native = InputHTMLAttributes<HTMLInputElement>;

/** A labelled line of text, with a hint or an error under it. */
export function Field({ label, hint, error, ...rest }: Native & { label: string; hint?: string; error?: string; ref?: Ref<HTMLInputElement> }) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <input id={id} dir="auto" {...rest} aria-invalid={error ? true : undefined} aria-describedby={note ? `${id}-note` : undefined} />
      {note && (
        <p id={`${id}-note`} className={error ? styles.error : styles.hint} role={error ? 'alert' : undefined}>
          {note}
        </p>
      )}
    </div>
  );
}

export function Check({ label, ...rest }: Native & { label: ReactNode }) {
  return (
    <label className={styles.check}>
      <input type="checkbox" {...rest} />
      <span>{label}</span>
    </label>
  );
}

/** One of a few choices. */
export function Select<T extends string>({ label, value, options, onPick }: { label: string; value: T; options: ReadonlyArray<readonly [T, string]>; onPick: (value: T) => void }) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} onChange={(e) => onPick(e.target.value as T)}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
