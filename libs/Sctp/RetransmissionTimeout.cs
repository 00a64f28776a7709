namespace Dapr.Voice.Sctp;

/// <summary>
/// The retransmission time-out (RFC 9260, section 6.3.1). The RFC's bounds (start 1 s, minimum 1 s, maximum 60 s) are made for signalling
/// networks and would be audible in a conversation. This class uses shorter bounds.
/// </summary>
internal sealed class RetransmissionTimeout
{
    // With the RFC's start value, one lost packet of the handshake costs a full second (measured with browsers). 250 ms is longer than the
    // round trip between most callers and their region. Where it is shorter, the peer only receives one packet twice.
    private static readonly TimeSpan Initial = TimeSpan.FromMilliseconds(250);

    // The RFC's minimum of 1 s allows for delayed acknowledgements (up to 200 ms in practice). We ask for immediate ones with the I bit, so
    // they do not increase the measured time. 100 ms is left for scheduling at both ends and for a radio link with jitter.
    private static readonly TimeSpan Minimum = TimeSpan.FromMilliseconds(100);

    // After an outage (a relay restarts or an owner is replaced, under 5 s), the first message must not wait for a timer that has grown to
    // a minute.
    private static readonly TimeSpan Maximum = TimeSpan.FromSeconds(4);

    // G of RFC 9260, section 6.3.1, rule C4. Timers are checked about every millisecond.
    private static readonly TimeSpan Granularity = TimeSpan.FromMilliseconds(1);

    private TimeSpan _variation;

    public TimeSpan Current { get; private set; } = Initial;

    /// <summary>Zero until the first measurement.</summary>
    public TimeSpan Smoothed { get; private set; }

    public TimeSpan Variation => _variation;

    public void OnMeasured(TimeSpan roundTrip)
    {
        if (roundTrip < TimeSpan.Zero) return;
        if (Smoothed == TimeSpan.Zero)
        {
            Smoothed = roundTrip > TimeSpan.Zero ? roundTrip : TimeSpan.FromTicks(1);
            _variation = roundTrip / 2;
        }
        else
        {
            _variation = (_variation * 3 + (Smoothed - roundTrip).Duration()) / 4;
            Smoothed = (Smoothed * 7 + roundTrip) / 8;
        }
        Current = Clamp(Smoothed + Max(Granularity, _variation * 4));
    }

    public void BackOff() => Current = Clamp(Current * 2);

    public void Restore(TimeSpan current, TimeSpan smoothed, TimeSpan variation)
        => (Current, Smoothed, _variation) = (Clamp(current), smoothed, variation);

    private static TimeSpan Clamp(TimeSpan value) => value < Minimum ? Minimum : value > Maximum ? Maximum : value;
    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
