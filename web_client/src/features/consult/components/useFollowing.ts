import { isLeading, participant } from '../model/room';
import type { ConsultSession } from '../model/session';
import { useRoom } from './useSession';

export interface Following {
  readonly leads: boolean;
  readonly following: boolean;
  /** The picture is somebody else's: hands off. */
  readonly readOnly: boolean;
  readonly leaderName: string | null;
  readonly leaderColor: string | null;
}

/** Who leads, and whether this browser goes along. */
export function useFollowing(session: ConsultSession): Following {
  const room = useRoom(session, (state) => state.room);
  const following = useRoom(session, (state) => state.following);
  const leads = isLeading(room);
  const leader = participant(room, room.leader);
  return {
    leads,
    following,
    readOnly: following && !leads && leader !== null,
    leaderName: leader?.display_name ?? null,
    leaderColor: leader?.color ?? null,
  };
}
