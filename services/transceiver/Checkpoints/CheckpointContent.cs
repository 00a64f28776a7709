using Dapr.Voice.Transceiver.Media;
using Dapr.Voice.WebRtc;

namespace Dapr.Voice.Transceiver.Checkpoints;

/// <summary>All that another transceiver needs to continue a session. It does not change, so any thread may read it.</summary>
/// <param name="Peer">Keys, numbers and channels.</param>
/// <param name="Downlink">Speech that waits to be played. Only a live hand-over carries it.</param>
internal sealed record CheckpointContent(SessionFacts Facts, PeerSessionState Peer, DownlinkState? Downlink = null);
