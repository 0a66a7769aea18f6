import { type ClipboardEvent, type KeyboardEvent, type ReactNode, type RefObject, useId, useLayoutEffect } from 'react';
import { useMedia } from '../../shared/hooks';
import { t } from '../../shared/strings';
import { Avatar } from '../../shared/ui/Avatar';
import styles from './composer.module.css';
import { type KeyAction, keyAction } from './keys';
import type { FindPeople, Suggestion } from './suggestions';
import { complete, pasteLink, type Selected, toggleMark } from './text';
import { useSuggestions } from './useSuggestions';

interface Props {
  box: RefObject<HTMLTextAreaElement | null>;
  label: string;
  text: string;
  onText: (text: string) => void;
  onAction: (action: 'send' | 'cancel' | 'editLast') => void;
  findPeople: FindPeople;
  /** There is a `@channel` here. */
  group: boolean;
  autoFocus?: boolean;
  children?: ReactNode;
}

const MARKS: Partial<Record<NonNullable<KeyAction>, string>> = { bold: '**', italic: '_', code: '`' };

/** The selection in a text box. */
export function selectedIn(box: HTMLTextAreaElement): Selected {
  return { text: box.value, start: box.selectionStart, end: box.selectionEnd };
}

/** Changes text and selection in a way that the browser's undo knows. */
export function replaceIn(box: HTMLTextAreaElement, next: Selected, onText: (text: string) => void): void {
  box.focus();
  box.select();
  if (!document.execCommand?.('insertText', false, next.text)) {
    box.value = next.text;
    onText(next.text);
  }
  box.setSelectionRange(next.start, next.end);
}

/** A text box that knows mentions, emoji, formats and input methods; the composer and the editor of a message are made of it. */
export function MessageBox({ box, label, text, onText, onAction, findPeople, group, autoFocus, children }: Props) {
  const id = useId();
  const touch = useMedia('(hover: none) and (pointer: coarse)');
  const { open, look, close, move } = useSuggestions(findPeople, group);
  useLayoutEffect(() => {
    if (box.current && !globalThis.CSS?.supports?.('field-sizing', 'content')) grow(box.current);
  }, [box, text]);

  const pick = (item: Suggestion) => {
    if (!box.current || !open) return;
    replaceIn(box.current, complete(selectedIn(box.current), open.query, item.piece), onText);
    close();
  };
  const act = (action: KeyAction) => {
    const mark = action && MARKS[action];
    if (mark && box.current) return replaceIn(box.current, toggleMark(selectedIn(box.current), mark), onText);
    if (action === 'next') return move(1);
    if (action === 'previous') return move(-1);
    if (action === 'dismiss') return close();
    if (action === 'pick') return open?.items[open.active] && pick(open.items[open.active] as Suggestion);
    if (action === 'send' || action === 'cancel' || action === 'editLast') onAction(action);
  };
  const onKeyDown = (e: KeyboardEvent<HTMLTextAreaElement>) => {
    const { key, shiftKey, ctrlKey, metaKey, altKey, keyCode } = e;
    const press = { key, shiftKey, ctrlKey, metaKey, altKey, keyCode, isComposing: e.nativeEvent.isComposing };
    const action = keyAction(press, { empty: text === '', suggesting: open !== null, touch });
    if (!action) return;
    // An Esc with nothing to cancel goes on to whoever is around.
    if (action !== 'cancel') e.preventDefault();
    act(action);
  };
  const onPaste = (e: ClipboardEvent<HTMLTextAreaElement>) => {
    const linked = pasteLink(selectedIn(e.currentTarget), e.clipboardData.getData('text/plain'));
    if (!linked) return;
    e.preventDefault();
    replaceIn(e.currentTarget, linked, onText);
  };
  return (
    <div className={styles.boxFrame}>
      {open && <Suggestions id={id} items={open.items} active={open.active} onPick={pick} />}
      <textarea
        ref={box}
        className={styles.textarea}
        rows={1}
        dir="auto"
        aria-label={label}
        placeholder={label}
        aria-autocomplete="list"
        aria-controls={open ? id : undefined}
        aria-activedescendant={open ? `${id}-${open.active}` : undefined}
        value={text}
        autoFocus={autoFocus}
        spellCheck
        enterKeyHint={touch ? 'enter' : 'send'}
        onChange={(e) => {
          onText(e.target.value);
          look(selectedIn(e.target));
        }}
        onSelect={(e) => look(selectedIn(e.currentTarget))}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
        onBlur={close}
      />
      {children}
    </div>
  );
}

function Suggestions({ id, items, active, onPick }: { id: string; items: readonly Suggestion[]; active: number; onPick: (item: Suggestion) => void }) {
  return (
    <ul id={id} className={styles.suggestions} role="listbox" aria-label={t.composer.suggestions}>
      {items.map((item, i) => (
        <li
          key={item.key}
          id={`${id}-${i}`}
          role="option"
          aria-selected={i === active}
          // The text box keeps the focus.
          onPointerDown={(e) => {
            e.preventDefault();
            onPick(item);
          }}
        >
          {item.userId && <Avatar id={item.userId} name={item.title} size={24} />}
          <b>
            <bdi>{item.title}</bdi>
          </b>
          <span>
            <bdi>{item.note}</bdi>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** For browsers that cannot size a text box by its content. */
function grow(box: HTMLTextAreaElement): void {
  box.style.blockSize = 'auto';
  box.style.blockSize = `${box.scrollHeight}px`;
}

