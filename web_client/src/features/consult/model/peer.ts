import type { Description, Kind } from './protocol';

export type MediaState = 'connecting' | 'connected' | 'interrupted' | 'failed';

export interface PeerEvents {
  readonly onState: (state: MediaState) => void;
}

/** The part of a peer connection that the session drives; tests put their own in its place. */
export interface Peer {
  /**
   * The offer, at once: the server calls nobody, so it has no use for our candidates, and a TURN server
   * out of reach must not hold the door shut for half a minute.
   */
  offer(): Promise<Description>;
  accept(answer: Description): Promise<void>;
  /** Sends this track from now on, or nothing; never renegotiates. */
  send(kind: Kind, track: MediaStreamTrack | null): Promise<void>;
  /** What arrives in a slot: one track a receive-only slot, there before any media is. */
  readonly received: ReadonlyMap<string, MediaStreamTrack>;
  stats(): Promise<RTCStatsReport>;
  close(): void;
}

export type OpenPeer = (
  iceServers: RTCIceServer[],
  tracks: Readonly<Record<Kind, MediaStreamTrack | null>>,
  events: PeerEvents,
) => Peer;

/** A room holds eight: everybody sees the seven others. */
export const SLOTS = 7;
const VIDEO_BITS_PER_S = 500_000;

const MEDIA_STATES: Readonly<Record<RTCPeerConnectionState, MediaState>> = {
  new: 'connecting',
  connecting: 'connecting',
  connected: 'connected',
  disconnected: 'interrupted',
  failed: 'failed',
  closed: 'failed',
};

/** One bundled connection: own audio and video out, SLOTS of each in, so that nothing is ever renegotiated. */
export const openPeer: OpenPeer = (iceServers, tracks, events) => new BrowserPeer(iceServers, tracks, events);

class BrowserPeer implements Peer {
  readonly received = new Map<string, MediaStreamTrack>();
  private readonly connection: RTCPeerConnection;
  private readonly senders: Readonly<Record<Kind, RTCRtpTransceiver>>;
  private readonly receivers: readonly RTCRtpTransceiver[];

  constructor(
    iceServers: RTCIceServer[],
    tracks: Readonly<Record<Kind, MediaStreamTrack | null>>,
    events: PeerEvents,
  ) {
    // Always given, empty as well: a browser must never fall back on a public STUN server.
    const connection = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' });
    const sender = (kind: Kind): RTCRtpTransceiver =>
      connection.addTransceiver(tracks[kind] ?? kind, {
        direction: 'sendonly',
        ...(kind === 'video' ? { sendEncodings: [{ maxBitrate: VIDEO_BITS_PER_S }] } : {}),
      });
    this.connection = connection;
    this.senders = { audio: sender('audio'), video: sender('video') };
    this.receivers = Array.from({ length: SLOTS }, () => ['audio', 'video'] as const)
      .flat()
      .map((kind) => connection.addTransceiver(kind, { direction: 'recvonly' }));
    for (const transceiver of connection.getTransceivers()) keepForwardable(transceiver);
    connection.onconnectionstatechange = () => events.onState(MEDIA_STATES[connection.connectionState]);
  }

  async offer(): Promise<Description> {
    await this.connection.setLocalDescription();
    const description = this.connection.localDescription;
    if (description === null) throw new DOMException('closed while offering', 'InvalidStateError');
    for (const { mid, receiver } of this.receivers) if (mid !== null) this.received.set(mid, receiver.track);
    return { type: description.type, sdp: description.sdp };
  }

  accept(answer: Description): Promise<void> {
    return this.connection.setRemoteDescription(answer);
  }

  send(kind: Kind, track: MediaStreamTrack | null): Promise<void> {
    return this.senders[kind].sender.replaceTrack(track);
  }

  stats(): Promise<RTCStatsReport> {
    return this.connection.getStats();
  }

  close(): void {
    this.connection.onconnectionstatechange = null;
    this.connection.close();
  }
}

/** Packets are forwarded as they are, so all must speak one codec: VP8, which every Chrome encodes and decodes. */
function keepForwardable(transceiver: RTCRtpTransceiver): void {
  const kind = transceiver.receiver.track.kind;
  const wanted = kind === 'video' ? ['video/vp8', 'video/rtx'] : ['audio/opus'];
  const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  const kept = codecs.filter((codec) => wanted.includes(codec.mimeType.toLowerCase()));
  if (kept.length > 0) transceiver.setCodecPreferences(kept);
}
