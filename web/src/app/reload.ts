const KEY = 'tertulia.reloaded';

/** After an upgrade of the server a part of the old page may be gone: one reload brings the new one. */
export function reloadOnLostChunk(): void {
  addEventListener('vite:preloadError', () => {
    if (sessionStorage.getItem(KEY)) return;
    sessionStorage.setItem(KEY, '1');
    location.reload();
  });
}
