using Dapr.Voice.Wire;

namespace Dapr.Voice.Sctp;

/// <summary>
/// Slow start, congestion avoidance and fast recovery for one path (RFC 9260, section 7.2). All values are bytes of user data.
/// </summary>
internal sealed class CongestionWindow
{
    private const int Unit = SctpOptions.MaximumChunkPayloadBytes;

    // RFC 9260, section 7.2.1: min(4 * PMDCS, max(2 * PMDCS, 4404)).
    private const int InitialBytes = 4404;

    private int _partialBytesAcknowledged;
    private uint _recoveryExit;

    public int Bytes { get; private set; } = InitialBytes;
    public int SlowStartThreshold { get; private set; } = int.MaxValue;
    public bool IsInFastRecovery { get; private set; }

    public void OnCumulativeAdvance(int bytesAcknowledged, int flightBefore, bool isAllAcknowledged, uint cumulativeTsn)
    {
        // An unused window says nothing about the path, so it does not grow (section 7.2.1).
        bool wasUsed = flightBefore + Unit > Bytes;
        if (IsInFastRecovery && SerialNumber.IsNewerOrEqual(cumulativeTsn, _recoveryExit)) IsInFastRecovery = false;
        else if (!IsInFastRecovery && Bytes <= SlowStartThreshold)
        {
            if (wasUsed) Bytes += Math.Min(bytesAcknowledged, Unit);
        }
        else if (!IsInFastRecovery)
        {
            _partialBytesAcknowledged += bytesAcknowledged;
            if (_partialBytesAcknowledged >= Bytes && wasUsed)
            {
                _partialBytesAcknowledged -= Bytes;
                Bytes += Unit;
            }
        }
        if (isAllAcknowledged) _partialBytesAcknowledged = 0;
    }

    /// <returns>True if this loss begins a new recovery. Further losses in the same recovery do not halve the window again.</returns>
    public bool OnFastRetransmit(uint highestOutstandingTsn)
    {
        if (IsInFastRecovery) return false;
        SlowStartThreshold = Math.Max(Bytes / 2, 4 * Unit);
        Bytes = SlowStartThreshold;
        _partialBytesAcknowledged = 0;
        _recoveryExit = highestOutstandingTsn;
        return IsInFastRecovery = true;
    }

    public void OnTimeout()
    {
        SlowStartThreshold = Math.Max(Bytes / 2, 4 * Unit);
        Bytes = Unit;
        _partialBytesAcknowledged = 0;
        IsInFastRecovery = false;
    }

    /// <summary>
    /// Reduces the window after nothing was sent for a retransmission time-out, because the window may no longer fit the path (section
    /// 7.2.1).
    /// </summary>
    public void OnIdle() => Bytes = Math.Max(Bytes / 2, Math.Min(Bytes, InitialBytes));

    public void Restore(int bytes, int slowStartThreshold)
    {
        Bytes = Math.Clamp(bytes, Unit, int.MaxValue / 4);
        SlowStartThreshold = Math.Max(slowStartThreshold, 4 * Unit);
    }
}
