using Dapr.Voice.Wire;

namespace Dapr.Voice.Rtp;

/// <summary>
/// Statistics of one source that we receive (RFC 3550, appendices A.1, A.3 and A.8), for report blocks and for our own metrics.
/// </summary>
public sealed class RtpReceiver
{
    private const uint SequenceModulus = 1 << 16;

    // RFC 3550, A.1: 3000 packets of 20 ms are a minute of dropped packets. 100 packets are two seconds of reordering.
    private const int MaximumDropout = 3000;
    private const int MaximumMisorder = 100;

    // A value that no 16-bit number can have.
    private const uint NoBadSequence = SequenceModulus + 1;

    private readonly int _clockRate;
    private readonly int _probation;
    private int _probationLeft;
    private bool _hasStarted;
    private ushort _maximumSequence;
    private uint _cycles;
    private uint _baseSequence;
    private uint _badSequence = NoBadSequence;
    private uint _received;
    private uint _expectedPrior;
    private uint _receivedPrior;
    private uint _jitterTimes16;
    private uint? _transit;
    private uint _lastSenderReport;
    private Instant _lastSenderReportAt;

    /// <param name="probation">The number of packets in order that a source must send before it is accepted. Use 0 where SRTP has
    /// authenticated the packets: then the first packet proves the source. </param>
    /// <param name="clockRate">Timestamp ticks per second.</param>
    public RtpReceiver(uint ssrc, int clockRate = 48_000, int probation = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clockRate);
        ArgumentOutOfRangeException.ThrowIfNegative(probation);
        Ssrc = ssrc;
        _clockRate = clockRate;
        _probation = probation;
        _probationLeft = probation;
    }

    public uint Ssrc { get; }

    /// <summary>The number of packets received, including duplicates (as in A.3).</summary>
    public uint Received => _received;

    public uint ExtendedHighestSequenceNumber => _cycles + _maximumSequence;

    /// <summary>Packets lost since the start. Negative if there are more duplicates than losses.</summary>
    public long CumulativeLost => _hasStarted ? (long)Expected - _received : 0;

    public TimeSpan Jitter => TimeSpan.FromSeconds((_jitterTimes16 >> 4) / (double)_clockRate);

    private uint Expected => _hasStarted ? unchecked(ExtendedHighestSequenceNumber - _baseSequence + 1) : 0;

    public RtpSequenceVerdict OnPacket(in RtpHeader header, Instant now)
    {
        RtpSequenceVerdict verdict = UpdateSequence(header.SequenceNumber);
        if (verdict is RtpSequenceVerdict.Valid or RtpSequenceVerdict.Restarted)
        {
            if (verdict == RtpSequenceVerdict.Restarted) _transit = null;
            UpdateJitter(header.Timestamp, now);
        }
        return verdict;
    }

    /// <summary>Stores an SR of this source, for LSR and DLSR of our next report.</summary>
    public void OnSenderReport(NtpTimestamp ntp, Instant now)
    {
        _lastSenderReport = ntp.Middle;
        _lastSenderReportAt = now;
    }

    /// <summary>
    /// Returns the block for a report that is sent now. It starts the next reporting interval, so call it once for each report.
    /// </summary>
    public ReportBlock ToReportBlock(Instant now)
    {
        uint expectedInterval = unchecked(Expected - _expectedPrior);
        uint receivedInterval = unchecked(_received - _receivedPrior);
        _expectedPrior = Expected;
        _receivedPrior = _received;
        long lostInterval = (long)expectedInterval - receivedInterval;
        byte fraction = expectedInterval == 0 || lostInterval <= 0 ? (byte)0 : (byte)Math.Min(255, (lostInterval << 8) / expectedInterval);
        int cumulative = (int)Math.Clamp(CumulativeLost, ReportBlock.MinimumCumulativeLost, ReportBlock.MaximumCumulativeLost);
        uint delay = _lastSenderReport == 0 ? 0 : NtpTimestamp.ToShortUnits(now - _lastSenderReportAt);
        return new ReportBlock(Ssrc, fraction, cumulative, ExtendedHighestSequenceNumber, _jitterTimes16 >> 4, _lastSenderReport, delay);
    }

    public RtpReceiverState ExportState(Instant now) => new(
        Ssrc, _hasStarted, _maximumSequence, _cycles, _baseSequence, _received, _expectedPrior, _receivedPrior,
        _jitterTimes16, _lastSenderReport, _lastSenderReport == 0 ? TimeSpan.Zero : now - _lastSenderReportAt);

    public static RtpReceiver Import(RtpReceiverState state, Instant now, int clockRate = 48_000) => new(state.Ssrc, clockRate)
    {
        _hasStarted = state.HasStarted,
        _maximumSequence = state.MaximumSequence,
        _cycles = state.Cycles,
        _baseSequence = state.BaseSequence,
        _received = state.Received,
        _expectedPrior = state.ExpectedPrior,
        _receivedPrior = state.ReceivedPrior,
        _jitterTimes16 = state.JitterTimes16,
        _lastSenderReport = state.LastSenderReport,
        _lastSenderReportAt = now - state.SinceLastSenderReport,
    };

    private void Start(ushort sequence)
    {
        _hasStarted = true;
        _baseSequence = sequence;
        _maximumSequence = sequence;
        _badSequence = NoBadSequence;
        _cycles = 0;
        _received = 0;
        _receivedPrior = 0;
        _expectedPrior = 0;
    }

    private RtpSequenceVerdict UpdateSequence(ushort sequence)
    {
        if (!_hasStarted)
        {
            if (_probation > 0)
            {
                bool isInOrder = _badSequence == NoBadSequence || sequence == _badSequence;
                _probationLeft = isInOrder ? _probationLeft - 1 : _probation - 1;
                _badSequence = (uint)((sequence + 1) & 0xFFFF);
                if (_probationLeft > 0) return RtpSequenceVerdict.Probation;
            }
            Start(sequence);
            _received++;
            return RtpSequenceVerdict.Valid;
        }

        ushort delta = (ushort)(sequence - _maximumSequence);
        if (delta < MaximumDropout)
        {
            if (sequence < _maximumSequence) _cycles += SequenceModulus;
            _maximumSequence = sequence;
        }
        else if (delta <= SequenceModulus - MaximumMisorder)
        {
            if (sequence != _badSequence)
            {
                _badSequence = (uint)((sequence + 1) & 0xFFFF);
                return RtpSequenceVerdict.Jump;
            }
            Start(sequence);
            _received++;
            return RtpSequenceVerdict.Restarted;
        }
        _received++;
        return RtpSequenceVerdict.Valid;
    }

    private void UpdateJitter(uint timestamp, Instant now)
    {
        // The value wraps like the timestamp. Only differences of transit times are used (A.8).
        uint arrival = unchecked((uint)(ulong)((Int128)now.Ticks * _clockRate / TimeSpan.TicksPerSecond));
        uint transit = unchecked(arrival - timestamp);
        if (_transit is { } previous)
        {
            int difference = unchecked((int)(transit - previous));
            uint magnitude = (uint)Math.Abs((long)difference);
            _jitterTimes16 = unchecked(_jitterTimes16 + magnitude - ((_jitterTimes16 + 8) >> 4));
        }
        _transit = transit;
    }
}
