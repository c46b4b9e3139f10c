import { describe, expect, test } from 'vitest';
import { type Fact, Facts } from './facts';
import type { Keep } from './keep';

class Memory {
  readonly kept = new Map<string, Fact>();
  async facts(owner: string): Promise<Fact[]> {
    return [...this.kept.values()].filter((fact) => fact.owner === owner);
  }
  async putFact(fact: Fact): Promise<void> {
    this.kept.set(fact.id, fact);
  }
  async dropFact(id: string): Promise<void> {
    this.kept.delete(id);
  }
}

function made(memory = new Memory()) {
  const facts = new Facts('p1', memory as unknown as Keep);
  const of = (uid: string): Fact => {
    const fact = facts.store.getState()[uid];
    if (fact === undefined) throw new Error(`nothing is written about ${uid}`);
    return fact;
  };
  return { facts, memory, of };
}

describe('what the bedside wrote', () => {
  test('is kept over a restart until it is told', async () => {
    const first = made();
    first.facts.write('1.2', { emergency: true });
    first.facts.write('1.2', { complaint: '胸痛' });
    const second = made(first.memory);
    await second.facts.restore();
    expect(second.of('1.2')).toMatchObject({ emergency: true, complaint: '胸痛' });
    second.facts.told(second.of('1.2'));
    expect([second.facts.store.getState(), second.memory.kept.size]).toEqual([{}, 0]);
  });

  test('and changed while it was being told is told once more', () => {
    const { facts, of } = made();
    facts.write('1.2', { complaint: '胸痛' });
    const sent = of('1.2');
    facts.write('1.2', { complaint: '胸痛 40 分钟' });
    facts.told(sent);
    expect(of('1.2').complaint).toBe('胸痛 40 分钟');
  });

  test('and refused says why, and is not told again after a restart', async () => {
    const { facts, memory, of } = made();
    facts.write('1.2', { emergency: true });
    facts.refuse(of('1.2'), 'request-closed');
    expect(of('1.2').refused).toBe('request-closed');
    const next = made(memory);
    await next.facts.restore();
    expect(next.facts.store.getState()).toEqual({});
  });

  test('a week ago about a study that never came is forgotten', async () => {
    const { facts, memory } = made();
    facts.write('1.2', { emergency: true });
    const next = made(memory);
    await next.facts.restore(Date.now() + 8 * 24 * 3600 * 1000);
    expect([next.facts.store.getState(), memory.kept.size]).toEqual([{}, 0]);
  });
});
