import { type IDBPDatabase, openDB } from 'idb';
import { type Draft, type LocalDraft, same } from '../model/draft';

const STORE = 'drafts';

let database: Promise<IDBPDatabase> | null = null;

function open(): Promise<IDBPDatabase> {
  database ??= openDB('lianzhen-drafts', 1, { upgrade: (db) => void db.createObjectStore(STORE) });
  return database;
}

/** What this computer keeps of a draft until the server has it. Each person has their own. */
export function localDraft(personId: string, requestId: string) {
  const key = `${personId}/${requestId}`;
  return {
    /** null where there is none, and where the browser keeps nothing at all. */
    read: async (): Promise<LocalDraft | null> => {
      try {
        return ((await (await open()).get(STORE, key)) as LocalDraft | undefined) ?? null;
      } catch {
        return null;
      }
    },
    keep: async (local: LocalDraft): Promise<void> => void (await (await open()).put(STORE, local, key)),
    /** With `only`, just where it is that text: another page may have written on. */
    forget: async (only?: Draft): Promise<void> => {
      const transaction = (await open()).transaction(STORE, 'readwrite');
      const kept = (await transaction.store.get(key)) as LocalDraft | undefined;
      if (only === undefined || (kept !== undefined && same(kept.draft, only)))
        await transaction.store.delete(key);
      await transaction.done;
    },
  };
}
