import type { Live, Unsubscribe } from './api.js';

type Listener<T> = (value: T) => void;

/** Calls what listens, in the order of arrival. One that throws does not keep the others from hearing. */
export class Listeners<T> {
  private readonly all = new Set<Listener<T>>();
  constructor(private readonly failed: (error: unknown) => void = rethrowLater) {}

  get size(): number {
    return this.all.size;
  }
  add(listener: Listener<T>): Unsubscribe {
    const own: Listener<T> = (value) => listener(value);
    this.all.add(own);
    return () => void this.all.delete(own);
  }
  call(value: T): void {
    for (const listener of [...this.all]) {
      try {
        listener(value);
      } catch (error) {
        this.failed(error);
      }
    }
  }
}

function rethrowLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** A value with listeners. */
export class Signal<T> implements Live<T> {
  protected readonly listeners = new Listeners<void>();
  constructor(protected value: T) {}

  get current(): T {
    return this.value;
  }
  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    this.listeners.call();
  }
  subscribe(changed: () => void): Unsubscribe {
    return this.listeners.add(changed);
  }
}

/**
 * A value computed from others: lazily, once per change, and announced once per turn of the event loop,
 * so that a burst of a thousand events costs one recomputation.
 */
export class Derived<T> implements Live<T> {
  private readonly listeners = new Listeners<void>();
  private value: T | undefined;
  private dirty = true;
  private announced = false;
  constructor(
    private readonly compute: (previous: T | undefined) => T,
    private readonly watched?: (on: boolean) => void,
  ) {}

  get current(): T {
    if (this.dirty) {
      this.dirty = false;
      this.value = this.compute(this.value);
    }
    return this.value as T;
  }
  /** Something that it is computed from changed. */
  touch(): void {
    this.dirty = true;
    if (this.announced || this.listeners.size === 0) return;
    this.announced = true;
    queueMicrotask(() => {
      this.announced = false;
      this.listeners.call();
    });
  }
  subscribe(changed: () => void): Unsubscribe {
    const off = this.listeners.add(changed);
    if (this.listeners.size === 1) this.watched?.(true);
    return () => {
      const before = this.listeners.size;
      off();
      if (before === 1 && this.listeners.size === 0) this.watched?.(false);
    };
  }
}

/** Named events. */
export class Emitter<Events extends object> {
  private readonly by = new Map<keyof Events, Listeners<never>>();

  on<K extends keyof Events>(event: K, heard: (value: Events[K]) => void): Unsubscribe {
    let listeners = this.by.get(event);
    if (!listeners) this.by.set(event, (listeners = new Listeners<never>()));
    return listeners.add(heard as (value: never) => void);
  }
  emit<K extends keyof Events>(event: K, value: Events[K]): void {
    this.by.get(event)?.call(value as never);
  }
}
