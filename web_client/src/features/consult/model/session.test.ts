import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { tracksOf } from './room';
import { fakeTrack, person, staged, view, welcome } from './testing';

const DEVICES = { audio: true, video: true };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

async function entered(change: Readonly<Record<string, unknown>> = {}, wanted = DEVICES) {
  const stage = staged();
  void stage.session.join(wanted);
  await settle();
  stage.socket().opens();
  await settle();
  stage.socket().says(welcome(change));
  await settle();
  return stage;
}

async function back(stage: Awaited<ReturnType<typeof entered>>, change: object) {
  stage.socket().opens();
  await settle();
  stage.socket().says(welcome({ ...change }));
  await settle();
}

describe('a stay in the consult', () => {
  test('asks in with an offer, accepts the answer and says what is muted', async () => {
    const { socket, peer, state } = await entered();
    expect(socket().path).toBe('/rtc/c%201');
    expect(socket().sent).toEqual([
      { type: 'join', offer: { type: 'offer', sdp: 'v=0' } },
      { type: 'mute', audio: false, video: false },
    ]);
    expect(peer().answered).toBe(true);
    expect(state().phase).toBe('joined');
  });

  test('uses the ICE servers of the consult and no others', async () => {
    const stage = staged();
    stage.world.standing = { kind: 'open', iceServers: [{ urls: 'turn:10.0.0.5' }] };
    void stage.session.join(DEVICES);
    await settle();
    expect(stage.peer().iceServers).toEqual([{ urls: 'turn:10.0.0.5' }]);
  });

  test('enters as a listener where no device can be opened', async () => {
    const stage = staged({
      openDevices: async () => ({
        tracks: { audio: null, video: null },
        problems: { audio: 'denied', video: 'absent' },
      }),
    });
    void stage.session.join(DEVICES);
    await settle();
    stage.socket().opens();
    await settle();
    stage.socket().says(welcome({}));
    await settle();
    expect(stage.state().phase).toBe('joined');
    expect(stage.state().local.audio).toEqual({ on: false, problem: 'denied' });
    expect(stage.state().local.video).toEqual({ on: false, problem: 'absent' });
    expect(stage.socket().sent.at(-1)).toEqual({ type: 'mute', audio: true, video: true });
  });

  test.each(['closed', 'refused', 'signed-out'] as const)('opens no socket where it is %s', async (kind) => {
    const stage = staged();
    stage.world.standing = { kind };
    void stage.session.join(DEVICES);
    await settle();
    expect(stage.state().phase).toBe(kind);
    expect(stage.sockets).toHaveLength(0);
  });

  test('gives a camera back that was granted after leaving', async () => {
    const given = fakeTrack('video');
    let grant = (): void => {};
    const stage = staged({
      openDevices: () =>
        new Promise((resolve) => {
          grant = () =>
            resolve({ tracks: { audio: null, video: given }, problems: { audio: null, video: null } });
        }),
    });
    void stage.session.join(DEVICES);
    await settle();
    stage.session.leave();
    grant();
    await settle();
    expect(given.readyState).toBe('ended');
    expect(stage.state().phase).toBe('left');
    expect(stage.sockets).toHaveLength(0);
  });

  test('leaves: tells the room, closes the connection and lets the devices go', async () => {
    const { session, socket, peer, state } = await entered();
    const camera = state().local.camera;
    session.leave();
    expect(socket().sent.at(-1)).toEqual({ type: 'leave' });
    expect(socket().closedWith).toBe(1000);
    expect(peer().closed).toBe(true);
    expect(camera?.readyState).toBe('ended');
    expect(state().phase).toBe('left');
  });
});

describe('reconnecting', () => {
  test('opens a fresh connection with the same tracks, and the room outlives the old one', async () => {
    const stage = await entered({ view: view({ instance_index: 7 }), leader: 'b' });
    const camera = stage.state().local.camera;
    stage.session.follow(false);
    stage.socket().isClosed();
    expect(stage.state()).toMatchObject({ phase: 'waiting', attempt: 1, following: false });
    expect(stage.state().room.view?.instance_index).toBe(7);
    expect(stage.state().room.participants).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(400);
    await back(stage, { self: 'a2', view: view({ instance_index: 9 }), view_version: 4 });
    expect(stage.peers).toHaveLength(2);
    expect(stage.peers[0]?.closed).toBe(true);
    expect(stage.peer().sending.video).toBe(camera);
    expect(stage.state()).toMatchObject({ phase: 'joined', attempt: 0, following: false });
    expect(stage.state().room.view?.instance_index).toBe(9);
  });

  test('waits longer each time, up to four seconds, and says which time it is', async () => {
    const stage = await entered();
    stage.world.standing = new Error('no network');
    stage.socket().isClosed();
    const tries: number[] = [];
    stage.session.store.subscribe(({ phase, attempt }, before) => {
      if (phase === 'waiting' && attempt !== before.attempt) tries.push(Date.now());
    });
    const start = Date.now();
    await vi.advanceTimersByTimeAsync(40_000);
    const waits = tries.map((at, n) => at - (tries[n - 1] ?? start));
    expect(waits).toEqual([400, 800, 1_600, 3_200, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000]);
    expect(stage.state().attempt).toBe(13);
  });

  test('tries at once when the network is back', async () => {
    const stage = await entered();
    stage.session.networkLost();
    expect(stage.state().phase).toBe('waiting');
    stage.session.retryNow();
    expect(stage.state().phase).toBe('connecting');
  });

  test('gives up on a server that never welcomes', async () => {
    const stage = staged();
    void stage.session.join(DEVICES);
    await settle();
    stage.socket().opens();
    await vi.advanceTimersByTimeAsync(8_000);
    expect(stage.state().phase).toBe('waiting');
    expect(stage.socket().closedWith).toBe(1000);
  });

  test('renews media alone when they stay away three seconds, and not when they come back before', async () => {
    const stage = await entered();
    const camera = stage.state().local.camera;
    stage.peer().becomes('connected');
    stage.peer().becomes('interrupted');
    await vi.advanceTimersByTimeAsync(2_900);
    stage.peer().becomes('connected');
    stage.peer().becomes('interrupted');
    await vi.advanceTimersByTimeAsync(2_900);
    expect(stage.peers).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(stage.peers).toHaveLength(2);
    expect(stage.peers[0]?.closed).toBe(true);
    expect(stage.peer().sending.video).toBe(camera);
    expect(stage.sockets).toHaveLength(1);
    expect(stage.socket().sent.at(-1)?.type).toBe('join');
    stage.socket().says(welcome({}));
    await settle();
    expect(stage.peer().answered).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stage.state()).toMatchObject({ phase: 'joined', attempt: 0 });
  });

  test('takes a socket that answers no second join for a dead one', async () => {
    const stage = await entered();
    stage.peer().becomes('connected');
    stage.peer().becomes('failed');
    await vi.advanceTimersByTimeAsync(4_000);
    expect(stage.state()).toMatchObject({ phase: 'waiting', attempt: 1 });
  });

  test('renews media where the server lost them, once they had come', async () => {
    const stage = await entered();
    stage.peer().becomes('connected');
    stage.socket().says({ type: 'error', code: 'media-lost', detail: '' });
    await settle();
    expect(stage.peers).toHaveLength(2);
  });

  test('keeps the shared view where media never came', async () => {
    const stage = await entered();
    stage.peer().becomes('failed');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stage.state()).toMatchObject({ phase: 'joined', media: 'failed' });
    stage.session.renewMedia();
    await settle();
    expect(stage.peers).toHaveLength(2);
    expect(stage.state().media).toBe('connecting');
  });

  test('enters with the shared view alone where the browser has no media to offer', async () => {
    const stage = staged({
      openPeer: () => {
        throw new DOMException('no WebRTC here', 'NotSupportedError');
      },
    });
    void stage.session.join({ audio: false, video: false });
    await settle();
    stage.socket().opens();
    await settle();
    expect(stage.socket().sent).toEqual([{ type: 'join', offer: null }]);
    stage.socket().says(welcome({ answer: null }));
    await settle();
    expect(stage.state()).toMatchObject({ phase: 'joined', media: 'failed' });
  });

  test('asks again, and says why, where the room is full', async () => {
    const stage = staged();
    void stage.session.join(DEVICES);
    await settle();
    stage.socket().opens();
    await settle();
    stage.socket().says({ type: 'error', code: 'room-full', detail: '' });
    await vi.advanceTimersByTimeAsync(9_000);
    expect(stage.state().refusal).toBe('room-full');
    expect(stage.sockets.length).toBeGreaterThan(1);
    await back(stage, {});
    expect(stage.state()).toMatchObject({ phase: 'joined', refusal: null });
  });

  test('stays away where the same person came in elsewhere, until asked', async () => {
    const stage = await entered();
    stage.socket().says({ type: 'closed', reason: 'replaced' });
    stage.socket().isClosed(4409);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stage.state().phase).toBe('replaced');
    expect(stage.sockets).toHaveLength(1);
    void stage.session.join(DEVICES);
    await settle();
    expect(stage.sockets).toHaveLength(2);
  });

  test.each([true, false])('leads on after a restarted server let another lead: %s', async (restarted) => {
    const stage = await entered();
    if (restarted) stage.socket().says({ type: 'closed', reason: 'going-away' });
    stage.socket().isClosed(1001);
    await vi.advanceTimersByTimeAsync(400);
    await back(stage, { self: 'a2', leader: 'b2' });
    expect(stage.socket().types().includes('lead')).toBe(restarted);
  });

  test('ignores the late answer of an attempt that was given up', async () => {
    const answers: (() => void)[] = [];
    const stage = staged({
      standing: () => new Promise((resolve) => answers.push(() => resolve({ kind: 'open', iceServers: [] }))),
    });
    void stage.session.join(DEVICES);
    await vi.advanceTimersByTimeAsync(8_400);
    expect(answers).toHaveLength(2);
    for (const answer of answers) answer();
    await settle();
    expect(stage.sockets).toHaveLength(1);
  });

  test.each([
    [4404, 'closed'],
    [4409, 'replaced'],
    [1013, 'waiting'],
    [1008, 'waiting'],
    [1011, 'waiting'],
  ])('takes the socket’s code %i for %s', async (code, phase) => {
    const stage = await entered();
    stage.socket().isClosed(code);
    expect(stage.state().phase).toBe(phase);
  });

  test('is silent after the consult was closed', async () => {
    const stage = await entered();
    stage.socket().says({ type: 'closed', reason: 'consult-closed' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stage.state().phase).toBe('closed');
    expect(stage.sockets).toHaveLength(1);
    expect(stage.state().local.camera).toBeNull();
  });

  test('waits for the sign-in with its devices when the session ended', async () => {
    const stage = await entered();
    stage.socket().isClosed(4401);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stage.state().phase).toBe('signed-out');
    expect(stage.state().local.camera?.readyState).toBe('live');
    stage.session.retryNow();
    await settle();
    expect(stage.sockets).toHaveLength(2);
  });
});

describe('in the room', () => {
  test('maps slots to people, and people to tracks', async () => {
    const { socket, state, peer } = await entered();
    socket().says({ type: 'joined', participant: person('b') });
    socket().says({
      type: 'slots',
      slots: [
        { mid: '3', participant_id: 'b', kind: 'video' },
        { mid: '99', participant_id: 'b', kind: 'audio' },
      ],
    });
    expect(tracksOf(state().room, state().received, 'b')).toEqual([peer().received.get('3')]);
    expect(tracksOf(state().room, state().received, 'a')).toEqual([]);
    socket().says({ type: 'mute', participant_id: 'b', audio: true, video: false });
    expect(state().room.participants.at(-1)).toMatchObject({ audio_muted: true, video_muted: false });
    socket().says({ type: 'left', participant: person('b') });
    expect(state().room.participants.map(({ id }) => id)).toEqual(['a']);
  });

  test('lets an older view pass that was overtaken on the way', async () => {
    const { socket, state } = await entered({ leader: 'b', view_version: 5 });
    for (const version of [6, 8, 7]) {
      socket().says({ type: 'view', view: view({ instance_index: version }), version, by: 'b' });
    }
    expect(state().room.view?.instance_index).toBe(8);
  });

  test('sends views only while leading, the last of a burst at the latest', async () => {
    const { session, socket } = await entered();
    for (let n = 0; n < 50; n += 1) session.show(view({ instance_index: n }));
    await vi.advanceTimersByTimeAsync(40);
    const sent = socket().sent.flatMap((m) => (m.type === 'view' ? [m.view.instance_index] : []));
    expect(sent).toEqual([0, 49]);
    socket().says({ type: 'leader', participant_id: 'b' });
    session.show(view({ instance_index: 60 }));
    await vi.advanceTimersByTimeAsync(100);
    expect(
      socket()
        .types()
        .filter((type) => type === 'view'),
    ).toHaveLength(2);
  });

  test('sends the cursor at most twenty times a second and never loses the last place', async () => {
    const { session, socket } = await entered();
    for (let ms = 0; ms < 1_000; ms += 5) {
      session.point(ms / 1_000, 0.5);
      await vi.advanceTimersByTimeAsync(5);
    }
    await vi.advanceTimersByTimeAsync(100);
    const xs = socket().sent.flatMap((m) => (m.type === 'cursor' ? [m.x] : []));
    expect(xs.length).toBeGreaterThan(15);
    expect(xs.length).toBeLessThanOrEqual(21);
    expect(xs.at(-1)).toBe(0.995);
  });

  test('asks for the lead only where somebody else has it', async () => {
    const { session, socket } = await entered();
    session.takeLead();
    socket().says({ type: 'leader', participant_id: 'b' });
    session.takeLead();
    expect(
      socket()
        .types()
        .filter((type) => type === 'lead'),
    ).toHaveLength(1);
  });

  test('passes over what is no message', async () => {
    const { socket, state } = await entered();
    const before = state();
    for (const odd of [null, [], { type: 'x' }, { type: 'view', view: {}, version: 1, by: 'b' }]) {
      socket().says(odd);
    }
    await settle();
    expect(state()).toEqual(before);
  });
});

describe('own devices', () => {
  test('mute silences without closing, camera off lets the camera go, and the room hears of both', async () => {
    const { session, socket, peer, state } = await entered();
    const camera = state().local.camera;
    const microphone = peer().sending.audio;
    session.toggle('audio');
    session.toggle('video');
    await settle();
    expect(microphone).toMatchObject({ enabled: false, readyState: 'live' });
    expect(camera?.readyState).toBe('ended');
    expect(peer().sending.video).toBeNull();
    expect(socket().sent.slice(-2)).toEqual([
      { type: 'mute', audio: true, video: false },
      { type: 'mute', audio: true, video: true },
    ]);
    session.toggle('video');
    await settle();
    expect(peer().sending.video?.readyState).toBe('live');
  });

  test('holding to talk opens a muted microphone for as long as it is held', async () => {
    const { session, socket, peer } = await entered();
    session.toggle('audio');
    await settle();
    session.talk(true);
    expect(peer().sending.audio?.enabled).toBe(true);
    expect(socket().sent.at(-1)).toEqual({ type: 'mute', audio: false, video: false });
    session.talk(false);
    expect(peer().sending.audio?.enabled).toBe(false);
    expect(socket().sent.at(-1)).toEqual({ type: 'mute', audio: true, video: false });
  });

  test('holding changes nothing where the microphone is open', async () => {
    const { session, peer } = await entered();
    session.talk(true);
    session.talk(false);
    expect(peer().sending.audio?.enabled).toBe(true);
  });

  test('turns a device on later without a new connection', async () => {
    const { session, peer, peers, state } = await entered({}, { audio: false, video: false });
    session.toggle('audio');
    await settle();
    expect(peer().sending.audio?.readyState).toBe('live');
    expect(state().local.audio.on).toBe(true);
    expect(peers).toHaveLength(1);
  });

  test('says so when a camera is pulled out', async () => {
    const { peer, state } = await entered();
    state().local.camera?.onended?.(new Event('ended'));
    await settle();
    expect(state().local.video).toEqual({ on: false, problem: 'absent' });
    expect(peer().sending.video).toBeNull();
    expect(state().phase).toBe('joined');
  });
});
