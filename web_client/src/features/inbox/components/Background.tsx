import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useStore } from 'zustand';
import { api, asProblem, bodyOf } from '@/shared/api';
import { REQUESTS } from '@/shared/requests/requests';
import { useOwnCases } from '../api/useReturns';
import type { Fact, Facts } from '../model/facts';
import { useDesk } from '../model/useQueue';

const AGAIN_MS = 10_000;

/**
 * Goes on with uploads whatever page is open, and tells the county what the bedside wrote as soon as there is a
 * request to write it on.
 */
export default function Background(): null {
  const { facts } = useDesk();
  const queries = useQueryClient();
  const waiting = Object.values(useStore(facts.store)).filter((fact) => fact.refused === null);
  const own = useOwnCases('open', waiting.length > 0);
  const due = waiting.flatMap((fact) => {
    const request = own.data?.items.find((each) => each.study_instance_uid === fact.studyUid);
    return request === undefined ? [] : [{ fact, id: request.id }];
  });
  const newest = useRef(due);
  newest.current = due;
  const changed = due.map(({ fact, id }) => `${id} ${fact.writtenAt}`).join();
  useEffect(() => {
    if (changed === '') return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stopped = false;
    const tell = async (): Promise<void> => {
      for (const { fact, id } of newest.current) if (!stopped) await tellOne(facts, fact, id, queries);
      // What could not be told now (a lost line, a busy server) is told again.
      if (!stopped) timer = setTimeout(() => void tell(), AGAIN_MS);
    };
    void tell();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [changed, facts, queries]);
  return null;
}

async function tellOne(facts: Facts, fact: Fact, requestId: string, queries: QueryClient): Promise<void> {
  const { emergency, complaint } = fact;
  const body = {
    ...(emergency === undefined ? {} : { emergency }),
    ...(complaint === undefined ? {} : { complaint }),
  };
  try {
    await bodyOf(
      api.PATCH('/api/requests/{request_id}', { params: { path: { request_id: requestId } }, body }),
    );
    // First what the county has now, then the note goes: nothing flickers back in between.
    await queries.invalidateQueries({ queryKey: REQUESTS });
    facts.told(fact);
  } catch (error) {
    const { code, status } = asProblem(error);
    const transient = status === 0 || status === 401 || status === 429 || status >= 500;
    if (!transient) facts.refuse(fact, code);
  }
}
