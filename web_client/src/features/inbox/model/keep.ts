import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { Fact } from './facts';
import type { Item } from './item';

interface Schema extends DBSchema {
  items: { key: string; value: Item; indexes: { owner: string } };
  bytes: { key: string; value: Blob };
  facts: { key: string; value: Fact; indexes: { owner: string } };
}

/** Keeps unsent files over a reload, a crash and a power cut. What is sent is dropped at once. */
export class Keep {
  private readonly database: Promise<IDBPDatabase<Schema>>;

  constructor() {
    this.database = openDB<Schema>('lianzhen-uploads', 1, {
      upgrade(database) {
        database.createObjectStore('items', { keyPath: 'id' }).createIndex('owner', 'owner');
        database.createObjectStore('bytes');
        database.createObjectStore('facts', { keyPath: 'id' }).createIndex('owner', 'owner');
      },
    });
  }

  /** Keeps a file and its bytes together; false where the browser has no room or keeps nothing. */
  async add(item: Item, bytes: Blob): Promise<boolean> {
    try {
      const transaction = (await this.database).transaction(['items', 'bytes'], 'readwrite');
      await Promise.all([
        transaction.objectStore('items').put(item),
        transaction.objectStore('bytes').put(bytes, item.id),
        transaction.done,
      ]);
      return true;
    } catch {
      return false;
    }
  }

  async update(item: Item): Promise<void> {
    if (item.kept) await this.quietly((database) => database.put('items', item));
  }

  async drop(id: string): Promise<void> {
    await this.quietly((database) =>
      Promise.all([database.delete('items', id), database.delete('bytes', id)]),
    );
  }

  async bytes(id: string): Promise<Blob | null> {
    return (await this.quietly((database) => database.get('bytes', id))) ?? null;
  }

  /** What this person left unsent here, the oldest first. */
  async load(owner: string): Promise<Item[]> {
    const items = (await this.quietly((database) => database.getAllFromIndex('items', 'owner', owner))) ?? [];
    return items.sort((a, b) => a.addedAt - b.addedAt);
  }

  async facts(owner: string): Promise<Fact[]> {
    return (await this.quietly((database) => database.getAllFromIndex('facts', 'owner', owner))) ?? [];
  }

  async putFact(fact: Fact): Promise<void> {
    await this.quietly((database) => database.put('facts', fact));
  }

  async dropFact(id: string): Promise<void> {
    await this.quietly((database) => database.delete('facts', id));
  }

  private async quietly<T>(work: (database: IDBPDatabase<Schema>) => Promise<T>): Promise<T | undefined> {
    try {
      return await work(await this.database);
    } catch {
      // Private windows keep nothing: the upload goes on from memory, and the page says so.
      return undefined;
    }
  }
}
