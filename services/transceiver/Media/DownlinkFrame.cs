namespace Dapr.Voice.Transceiver.Media;

/// <summary>What is sent in one 20 ms slot.</summary>
/// <param name="Length">The bytes of Opus payload.</param>
/// <param name="RtpTimestampStep">Ticks of the 48 kHz RTP clock since the frame sent before: 960 for each slot in between.</param>
/// <param name="Marker">This is the first frame after silence that was not sent (RFC 3551, section 4.1).</param>
internal readonly record struct DownlinkFrame(int Length, uint RtpTimestampStep, bool Marker);
