import type { MessageView } from '@tertulia/client';
import { Ellipsis, Link, MailOpen, MessageSquareText, Pencil, Pin, SmilePlus, Trash2 } from 'lucide-react';
import { type KeyboardEvent, useRef } from 'react';
import { attempt } from '../../shared/errors';
import { t } from '../../shared/strings';
import { QUICK_REACTIONS } from '../../shared/text/emoji';
import { IconButton } from '../../shared/ui/Button';
import { Confirm } from '../../shared/ui/Dialog';
import { EmojiPicker } from '../../shared/ui/EmojiPicker';
import { MenuItem, Popover } from '../../shared/ui/Popover';
import { abilities, copyLink, markUnread } from './actions';
import { useTimelineContext } from './context';
import styles from './timeline.module.css';

/** What the toolbar has opened; the row keeps it, so that the toolbar stays while the pointer is in there. */
export type Opened = 'picker' | 'menu' | 'delete' | null;

/** What one can do with a message; shows while the pointer or the focus is on it. */
export function Toolbar({ message, opened: open, onOpened: setOpen }: { message: MessageView; opened: Opened; onOpened: (opened: Opened) => void }) {
  const context = useTimelineContext();
  const { conversation } = context;
  const picker = useRef<HTMLButtonElement>(null);
  const more = useRef<HTMLButtonElement>(null);
  const close = () => setOpen(null);
  const may = abilities(message, context);
  const react = (emoji: string, on?: boolean) => attempt(conversation.react(message.id, emoji, on));
  return (
    <div className={styles.toolbar} role="toolbar" aria-label={t.message.actions} onKeyDown={(e: KeyboardEvent) => e.key !== 'Escape' && e.key !== 'Tab' && e.stopPropagation()}>
      {may.react &&
        QUICK_REACTIONS.slice(0, 2).map((emoji) => (
          <button key={emoji} type="button" className={styles.quick} aria-label={t.message.reactWith(emoji)} title={t.message.reactWith(emoji)} onClick={() => react(emoji)}>
            {emoji}
          </button>
        ))}
      {may.react && <IconButton ref={picker} label={t.message.react} icon={SmilePlus} size={17} aria-expanded={open === 'picker'} onClick={() => setOpen(open === 'picker' ? null : 'picker')} />}
      {may.thread && <IconButton label={t.message.reply} icon={MessageSquareText} size={17} onClick={() => context.openThread(message.threadRoot ?? message.id)} />}
      {may.edit && <IconButton label={t.message.edit} icon={Pencil} size={16} onClick={() => context.setEditing(message.id)} />}
      <IconButton ref={more} label={t.message.more} icon={Ellipsis} size={17} aria-haspopup="menu" aria-expanded={open === 'menu'} onClick={() => setOpen(open === 'menu' ? null : 'menu')} />
      {open === 'picker' && (
        <Popover anchor={picker} label={t.emoji.title} onClose={close}>
          <EmojiPicker
            onPick={(emoji) => {
              close();
              react(emoji, true);
            }}
          />
        </Popover>
      )}
      {open === 'menu' && (
        <Popover anchor={more} label={t.message.more} role="menu" onClose={close}>
          <Menu message={message} onClose={close} onDelete={() => setOpen('delete')} />
        </Popover>
      )}
      {open === 'delete' && (
        <Confirm title={t.message.deleteTitle} hint={t.message.deleteHint} action={t.delete} onClose={close} onConfirm={() => attempt(conversation.delete(message.id))} />
      )}
    </div>
  );
}

function Menu({ message, onClose, onDelete }: { message: MessageView; onClose: () => void; onDelete: () => void }) {
  const context = useTimelineContext();
  const may = abilities(message, context);
  const then = (act: () => void) => () => {
    onClose();
    act();
  };
  return (
    <>
      {may.pin && (
        <MenuItem icon={<Pin size={16} aria-hidden />} onPick={then(() => attempt(context.conversation.pin(message.id, !message.pinnedAt)))}>
          {message.pinnedAt ? t.message.unpin : t.message.pin}
        </MenuItem>
      )}
      {may.link && (
        <MenuItem icon={<Link size={16} aria-hidden />} onPick={then(() => void copyLink(message, context))}>
          {t.message.copyLink}
        </MenuItem>
      )}
      {may.unread && (
        <MenuItem icon={<MailOpen size={16} aria-hidden />} onPick={then(() => markUnread(message, context))}>
          {t.message.markUnread}
        </MenuItem>
      )}
      {may.delete && (
        <MenuItem danger icon={<Trash2 size={16} aria-hidden />} onPick={onDelete}>
          {t.message.delete}
        </MenuItem>
      )}
    </>
  );
}
