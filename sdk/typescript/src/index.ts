export type * from './api.js';
export { Tertulia } from './client.js';
export { TertuliaError } from './errors.js';
export { uuid } from './ids.js';
export { browserTokens, memoryTokens } from './tokens.js';
export { IndexedDbStorage } from './storage/indexeddb.js';
export { MemoryStorage } from './storage/memory.js';
