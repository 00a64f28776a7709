namespace Dapr.Voice.Rtp;

/// <summary>What another process needs to go on reporting on a source.</summary>
/// <param name="JitterTimes16">As RFC 3550, A.8 keeps it: 16 times the jitter.</param>
/// <param name="LastSenderReport">Middle 32 bits of the last SR's NTP time; 0 if none.</param>
/// <param name="SinceLastSenderReport">Age of that SR.</param>
public sealed record RtpReceiverState(
    uint Ssrc, bool HasStarted, ushort MaximumSequence, uint Cycles, uint BaseSequence, uint Received, uint ExpectedPrior,
    uint ReceivedPrior,
    uint JitterTimes16, uint LastSenderReport, TimeSpan SinceLastSenderReport);
