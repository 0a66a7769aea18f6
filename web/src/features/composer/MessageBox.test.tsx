import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useRef, useState } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MessageBox } from './MessageBox';

const people = [
  { id: '1', username: 'maya', displayName: 'Maya Chen' },
  { id: '2', username: 'max', displayName: 'Max Weber' },
];
const findPeople = async (query: string) => people.filter((one) => one.username.startsWith(query));

function Box({ onAction }: { onAction: (action: string) => void }) {
  const [text, setText] = useState('');
  const box = useRef<HTMLTextAreaElement>(null);
  return <MessageBox box={box} label="Message #launch" text={text} onText={setText} onAction={onAction} findPeople={findPeople} group />;
}

const area = () => screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Message #launch' });
const settle = () => act(async () => {});

describe('the message box', () => {
  const onAction = vi.fn();
  beforeEach(() => {
    onAction.mockReset();
    render(<Box onAction={onAction} />);
  });
  afterEach(cleanup);

  it('sends with Enter, but not with the Enter that ends a composition', () => {
    fireEvent.change(area(), { target: { value: 'にほん' } });
    fireEvent.keyDown(area(), { key: 'Enter', keyCode: 229 });
    fireEvent.keyDown(area(), { key: 'Enter', isComposing: true });
    fireEvent.keyDown(area(), { key: 'Enter', shiftKey: true });
    expect(onAction).not.toHaveBeenCalled();
    fireEvent.keyDown(area(), { key: 'Enter', keyCode: 13 });
    expect(onAction).toHaveBeenCalledWith('send');
  });

  it('asks to edit the last message on ArrowUp, only while empty', async () => {
    fireEvent.keyDown(area(), { key: 'ArrowUp' });
    expect(onAction).toHaveBeenCalledWith('editLast');
    onAction.mockReset();
    await userEvent.type(area(), 'x{ArrowUp}');
    expect(onAction).not.toHaveBeenCalled();
  });

  it('suggests people after @, moves with arrows and takes one with Enter', async () => {
    await userEvent.type(area(), 'hi @ma');
    await settle();
    expect(screen.getAllByRole('option').map((one) => one.getAttribute('aria-selected'))).toEqual(['true', 'false']);
    await userEvent.keyboard('{ArrowDown}');
    expect(area().getAttribute('aria-activedescendant')).toBe(screen.getByRole('option', { name: /Max/ }).id);
    await userEvent.keyboard('{Enter}');
    await settle();
    expect(area().value).toBe('hi @max ');
    expect(screen.queryByRole('listbox')).toBeNull();
    expect(onAction).not.toHaveBeenCalled();
  });

  it('closes the suggestions with Esc and keeps the text', async () => {
    await userEvent.type(area(), '@ma');
    await settle();
    expect(screen.getByRole('listbox')).toBeTruthy();
    await userEvent.keyboard('{Escape}');
    expect(screen.queryByRole('listbox')).toBeNull();
    expect(area().value).toBe('@ma');
    expect(onAction).not.toHaveBeenCalledWith('cancel');
  });

  it('takes one with the pointer and offers @channel', async () => {
    await userEvent.type(area(), '@chan');
    await settle();
    fireEvent.pointerDown(screen.getByRole('option', { name: /@channel/ }));
    await settle();
    expect(area().value).toBe('@channel ');
  });
});
