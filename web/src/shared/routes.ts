/** Every address of the client, in one place. */
export const routes = {
  login: '/login',
  signUp: '/signup',
  setup: '/setup',
  workspace: (slug: string) => `/w/${slug}`,
  conversation: (slug: string, id: string) => `/w/${slug}/c/${id}`,
  message: (slug: string, id: string, seq: number) => `/w/${slug}/c/${id}/m/${seq}`,
  thread: (slug: string, id: string, root: string) => `/w/${slug}/c/${id}/t/${root}`,
  settings: (tab = 'profile') => `/settings/${tab}`,
};
