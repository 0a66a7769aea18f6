import type { Conversation } from '@tertulia/client';
import { useDraft } from '@tertulia/client/react';
import { AtSign, Bold, Code, Italic, SendHorizontal, Smile } from 'lucide-react';
import { type ReactNode, type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import { t } from '../../shared/strings';
import { IconButton } from '../../shared/ui/Button';
import { EmojiPicker } from '../../shared/ui/EmojiPicker';
import { Popover } from '../../shared/ui/Popover';
import styles from './composer.module.css';
import { MessageBox, replaceIn, selectedIn } from './MessageBox';
import type { FindPeople } from './suggestions';
import { countChars, insert, toggleMark } from './text';

interface Props {
  conversation: Conversation;
  threadRoot?: string;
  /** Names the destination, for eyes and for assistive technology. */
  label: string;
  findPeople: FindPeople;
  group: boolean;
  autoFocus?: boolean;
  box: RefObject<HTMLTextAreaElement | null>;
  onSent: () => void;
  onEditLast: () => void;
}

export const TEXT_CHARS_MAX = 16_000;
const COUNTER_FROM = 15_000;
const SAVE_MS = 500;

/** Where messages are written. The text lives here alone: a key press touches no store. */
export function Composer({ conversation, threadRoot, label, findPeople, group, autoFocus, box, onSent, onEditLast }: Props) {
  const [text, setText] = useDraftText(conversation, threadRoot);
  const over = countChars(text) - TEXT_CHARS_MAX;
  const ready = text.trim() !== '' && over <= 0;
  const write = useCallback(
    (next: string) => {
      setText(next);
      if (next.trim() === '') conversation.stopTyping(threadRoot);
      else conversation.typing(threadRoot);
    },
    [conversation, threadRoot, setText],
  );
  const send = () => {
    if (!ready) return;
    conversation.send({ text: text.trim(), threadRoot });
    conversation.stopTyping(threadRoot);
    setText('', true);
    onSent();
    box.current?.focus();
  };
  return (
    <form
      className={styles.composer}
      onSubmit={(e) => {
        e.preventDefault();
        send();
      }}
    >
      <MessageBox
        box={box}
        label={label}
        text={text}
        onText={write}
        findPeople={findPeople}
        group={group}
        autoFocus={autoFocus}
        onAction={(action) => (action === 'send' ? send() : action === 'editLast' ? onEditLast() : undefined)}
      />
      <Bar box={box} onText={write}>
        {text.length > COUNTER_FROM && (
          <span className={over > 0 ? styles.over : styles.counter} role="status">
            {over > 0 ? t.composer.tooLong(over) : t.composer.left(-over)}
          </span>
        )}
        <button type="submit" className={styles.send} aria-label={t.composer.send} title={t.composer.send} disabled={!ready}>
          <SendHorizontal size={18} aria-hidden />
        </button>
      </Bar>
    </form>
  );
}

/** The text, kept as a draft half a second after the last key and when the composer leaves. */
function useDraftText(conversation: Conversation, threadRoot?: string) {
  const [draft, store] = useDraft(conversation.id, threadRoot);
  const [text, setText] = useState(draft?.text ?? '');
  const state = useRef({ text, touched: false, timer: undefined as ReturnType<typeof setTimeout> | undefined });

  const save = useCallback(() => {
    clearTimeout(state.current.timer);
    if (state.current.touched) store.set({ text: state.current.text });
    state.current.touched = false;
  }, [store]);
  const set = useCallback(
    (next: string, sent = false) => {
      clearTimeout(state.current.timer);
      state.current.text = next;
      state.current.touched = !sent;
      setText(next);
      if (sent) store.clear();
      else state.current.timer = setTimeout(save, SAVE_MS);
    },
    [save, store],
  );
  // The draft comes from storage a moment after the first paint.
  useEffect(() => {
    if (!draft || state.current.touched || state.current.text !== '') return;
    state.current.text = draft.text;
    setText(draft.text);
  }, [draft]);
  useEffect(() => {
    addEventListener('pagehide', save);
    return () => {
      removeEventListener('pagehide', save);
      save();
    };
  }, [save]);
  return [text, set] as const;
}

function Bar({ box, onText, children }: { box: RefObject<HTMLTextAreaElement | null>; onText: (text: string) => void; children: ReactNode }) {
  const anchor = useRef<HTMLButtonElement>(null);
  const [picking, setPicking] = useState(false);
  const mark = (sign: string) => box.current && replaceIn(box.current, toggleMark(selectedIn(box.current), sign), onText);
  const put = (piece: string) => box.current && replaceIn(box.current, insert(selectedIn(box.current), piece), onText);
  return (
    <div className={styles.bar}>
      <div role="group" aria-label={t.composer.toolbar} className={styles.tools}>
        <IconButton label={t.composer.bold} icon={Bold} size={16} className={styles.extra} onClick={() => mark('**')} />
        <IconButton label={t.composer.italic} icon={Italic} size={16} className={styles.extra} onClick={() => mark('_')} />
        <IconButton label={t.composer.code} icon={Code} size={16} className={styles.extra} onClick={() => mark('`')} />
        <IconButton label={t.composer.mention} icon={AtSign} size={16} onClick={() => put('@')} />
        <IconButton ref={anchor} label={t.composer.emoji} icon={Smile} size={17} aria-expanded={picking} onClick={() => setPicking(!picking)} />
      </div>
      {picking && (
        <Popover anchor={anchor} label={t.emoji.title} side="above" onClose={() => setPicking(false)}>
          <EmojiPicker
            onPick={(emoji) => {
              setPicking(false);
              put(emoji);
            }}
          />
        </Popover>
      )}
      {children}
    </div>
  );
}

/** In place of the composer where one may not write. */
export function ComposerNote({ text, children }: { text: string; children?: ReactNode }) {
  return (
    <div className={styles.disabled} role="note">
      <span>{text}</span>
      {children}
    </div>
  );
}
