namespace Dapr.Voice.Sctp;

/// <summary>
/// The retransmission timeout (RFC 9260, section 6.3.1) with other bounds than the RFC's 1 s / 1 s / 60 s, which were made for
/// signalling networks and would be heard in a conversation.
/// </summary>
internal sealed class RetransmissionTimeout
{
    // One lost packet of the handshake cost a full second with the RFC's start value (measured against browsers). 250 ms is more than a
    // round trip between most callers and their region; where it is less, the peer only sees one packet twice.
    private static readonly TimeSpan Initial = TimeSpan.FromMilliseconds(250);

    // The RFC's floor of 1 s covers delayed acknowledgements (up to 200 ms in practice). We ask for immediate ones by the I bit, so they do
    // not inflate what is measured; 100 ms is left for scheduling at both ends and a jittery radio.
    private static readonly TimeSpan Minimum = TimeSpan.FromMilliseconds(100);

    // After an outage (a relay restarts, an owner is replaced: under 5 s) the first word must not wait for a timer that backed off to a
    // minute.
    private static readonly TimeSpan Maximum = TimeSpan.FromSeconds(4);

    // G of RFC 9260, section 6.3.1, rule C4: timers are looked at about every millisecond.
    private static readonly TimeSpan Granularity = TimeSpan.FromMilliseconds(1);

    private TimeSpan _variation;

    public TimeSpan Current { get; private set; } = Initial;

    /// <summary>Zero until measured.</summary>
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
