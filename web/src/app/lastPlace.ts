const KEY = 'tertulia.last';

type Places = { workspace?: string; conversations?: Record<string, string> };

function read(): Places {
  try {
    return (JSON.parse(localStorage.getItem(KEY) ?? '{}') ?? {}) as Places;
  } catch {
    return {};
  }
}

/** Where one was, so that the next visit begins there. */
export function rememberPlace(slug: string, conversationId: string): void {
  try {
    const places = read();
    localStorage.setItem(KEY, JSON.stringify({ workspace: slug, conversations: { ...places.conversations, [slug]: conversationId } }));
  } catch {
    // Storage is blocked: the next visit begins at the top.
  }
}

export function lastWorkspace(): string | undefined {
  return read().workspace;
}

export function lastConversation(slug: string): string | undefined {
  return read().conversations?.[slug];
}
