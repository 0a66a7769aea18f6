import type { Conversation, MessageView } from '@tertulia/client';
import { useLayoutEffect, useRef, useState } from 'react';
import { attempt } from '../../shared/errors';
import { t } from '../../shared/strings';
import { Button } from '../../shared/ui/Button';
import { TEXT_CHARS_MAX } from './Composer';
import styles from './composer.module.css';
import { MessageBox } from './MessageBox';
import type { FindPeople } from './suggestions';
import { countChars } from './text';

/** Changes a message where it stands. Enter saves, Esc cancels. */
export function MessageEditor({ conversation, message, findPeople, group, onDone }: { conversation: Conversation; message: MessageView; findPeople: FindPeople; group: boolean; onDone: () => void }) {
  const [text, setText] = useState(message.draftEdit ?? message.content.text ?? '');
  const box = useRef<HTMLTextAreaElement>(null);
  const ready = text.trim() !== '' && countChars(text) <= TEXT_CHARS_MAX;
  useLayoutEffect(() => {
    box.current?.focus();
    box.current?.setSelectionRange(text.length, text.length);
    // Only when it opens.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  const save = () => {
    if (!ready) return;
    if (text.trim() !== message.content.text) attempt(conversation.edit(message.id, { ...message.content, text: text.trim() }));
    onDone();
  };
  return (
    <form
      className={styles.editor}
      onSubmit={(e) => {
        e.preventDefault();
        save();
      }}
      onKeyDown={(e) => {
        e.stopPropagation();
        if (e.key !== 'Escape' || e.defaultPrevented) return;
        e.preventDefault();
        onDone();
      }}
    >
      <MessageBox box={box} label={t.composer.editing} text={text} onText={setText} findPeople={findPeople} group={group} onAction={(action) => action === 'send' && save()} />
      <div className={styles.editorBar}>
        <span>{t.composer.editHint}</span>
        <Button look="quiet" onClick={onDone}>
          {t.cancel}
        </Button>
        <Button type="submit" look="primary" disabled={!ready}>
          {t.composer.saveEdit}
        </Button>
      </div>
    </form>
  );
}
