import { type Box, type Point, placeOf, shareOf } from './placing';
import type { SharedView } from './protocol';
import { isLeading } from './room';
import type { ConsultSession, SessionState } from './session';

/** What is on the stage, whatever draws it: images or ECG paper. */
export interface SharedStage {
  /** Null until something is shown. */
  getView(): SharedView | null;
  applyView(view: SharedView): void;
  onViewChange(listener: (view: SharedView) => void): () => void;
  /**
   * From a point of the stage in CSS pixels to the picture in 0..1 and back: windows differ in shape, a
   * cursor must stay on the same spot of the same tissue. Null beside the picture.
   */
  toPicture(point: Point): Point | null;
  toStage(point: Point): Point | null;
}

/** Keeps a stage in step with the room: a follower's shows what the leader's does, a leader's tells. */
export function keepInStep(session: ConsultSession, stage: SharedStage): () => void {
  let last: SessionState | null = null;
  const act = (state: SessionState): void => {
    // Set first: telling the own view changes the state, which acts again.
    const before = last;
    last = state;
    const leads = isLeading(state.room);
    const led = before !== null && isLeading(before.room) && before.room.self === state.room.self;
    const { view } = state.room;
    // Just come in, with nothing looked at yet: also who leads on after a reload begins with the room's picture.
    const fresh = before === null || before.room.self === null;
    if (leads && fresh && view !== null) {
      stage.applyView(view);
    } else if (leads) {
      // The new leader's picture is everybody's from this moment, moved or not.
      const own = led ? null : stage.getView();
      if (own !== null) session.show(own);
    } else if (state.following && view !== null) {
      const news = before === null || !before.following || led || before.room.view !== view;
      if (news) stage.applyView(view);
    }
  };
  act(session.store.getState());
  const unsubscribe = session.store.subscribe(act);
  const silence = stage.onViewChange((view) => session.show(view));
  return () => {
    unsubscribe();
    silence();
  };
}

/** Both ways between the stage's pixels and the picture's shares. */
export function pointing(box: () => Box | null): Pick<SharedStage, 'toPicture' | 'toStage'> {
  return {
    toPicture: (point) => {
      const picture = box();
      return picture === null ? null : shareOf(picture, point);
    },
    toStage: (share) => {
      const picture = box();
      return picture === null ? null : placeOf(picture, share);
    },
  };
}
