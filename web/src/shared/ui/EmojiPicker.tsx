import { useState } from 'react';
import { t } from '../strings';
import { EMOJI } from '../text/emoji';
import styles from './ui.module.css';

/** A small picker: the emoji that people really use, by group, with a filter. */
export function EmojiPicker({ onPick }: { onPick: (emoji: string) => void }) {
  const [filter, setFilter] = useState('');
  const wanted = filter.trim().toLowerCase();
  const groups = EMOJI.map(([name, list]) => [name, list.filter(([, words]) => words.includes(wanted))] as const).filter(([, list]) => list.length > 0);
  return (
    <div className={styles.emojiPicker}>
      <input type="search" data-autofocus placeholder={t.emoji.search} aria-label={t.emoji.search} value={filter} onChange={(e) => setFilter(e.target.value)} />
      <div className={styles.emojiScroll}>
        {groups.length === 0 && <p className={styles.hint}>{t.emoji.none}</p>}
        {groups.map(([name, list]) => (
          <section key={name}>
            <h3>{name}</h3>
            <div className={styles.emojiGrid}>
              {list.map(([emoji, words]) => (
                <button key={emoji} type="button" aria-label={words} title={words} onClick={() => onPick(emoji)}>
                  {emoji}
                </button>
              ))}
            </div>
          </section>
        ))}
      </div>
    </div>
  );
}
