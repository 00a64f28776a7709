namespace Dapr.Voice.Rtp;

/// <summary>The state that another process needs to continue the reports on a source.</summary>
/// <param name="JitterTimes16">16 times the jitter, as RFC 3550, A.8 stores it.</param>
/// <param name="LastSenderReport">The middle 32 bits of the last SR's NTP time, or 0 if there was none.</param>
/// <param name="SinceLastSenderReport">The age of that SR.</param>
public sealed record RtpReceiverState(
    uint Ssrc, bool HasStarted, ushort MaximumSequence, uint Cycles, uint BaseSequence, uint Received, uint ExpectedPrior,
    uint ReceivedPrior,
    uint JitterTimes16, uint LastSenderReport, TimeSpan SinceLastSenderReport);
