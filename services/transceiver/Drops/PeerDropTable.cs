using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Rtp;
using Dapr.Voice.Sctp;
using Dapr.Voice.Srtp;
using Dapr.Voice.WebRtc;

namespace Dapr.Voice.Transceiver.Drops;

/// <summary>
/// Which <see cref="SessionDrop"/> each reason of a library is: the one whose name is the layer's word and the reason's. A reason that a
/// library gains without its word here stops the process at its start, and a test before that.
/// </summary>
internal static class PeerDropTable
{
    private static readonly SessionDrop?[] Peer = Of<PeerDrop>("Peer");
    private static readonly SessionDrop?[] Ice = Of<IceDropReason>("Ice");
    private static readonly SessionDrop?[] Dtls = Of<DtlsDropReason>("Dtls");
    private static readonly SessionDrop?[] Srtp = Of<SrtpError>("Srtp", success: SrtpError.None);
    private static readonly SessionDrop?[] Srtcp = Of<SrtpError>("Srtcp", success: SrtpError.None);
    private static readonly SessionDrop?[] Rtp = Of<RtpParseError>("Rtp", success: RtpParseError.None);
    private static readonly SessionDrop?[] Rtcp = Of<RtcpParseError>("Rtcp", success: RtcpParseError.None);
    private static readonly SessionDrop?[] Jitter = Of<JitterInsertResult>("Jitter", success: JitterInsertResult.Accepted);
    private static readonly SessionDrop?[] Sctp = Of<SctpDropReason>("Sctp");

    /// <summary>Writes what <paramref name="peer"/> has dropped since it was made, by reason. It allocates nothing.</summary>
    /// <param name="totals">One for each <see cref="SessionDrop"/>; those that no library counts stay as they are.</param>
    public static void Read(PeerSession peer, Span<long> totals)
    {
        for (int i = 0; i < Peer.Length; i++) Set(Peer[i], peer.Dropped((PeerDrop)i), totals);
        for (int i = 0; i < Ice.Length; i++) Set(Ice[i], peer.Dropped((IceDropReason)i), totals);
        for (int i = 0; i < Dtls.Length; i++) Set(Dtls[i], peer.Dropped((DtlsDropReason)i), totals);
        for (int i = 0; i < Srtp.Length; i++) Set(Srtp[i], peer.DroppedSrtp((SrtpError)i), totals);
        for (int i = 0; i < Srtcp.Length; i++) Set(Srtcp[i], peer.DroppedSrtcp((SrtpError)i), totals);
        for (int i = 0; i < Rtp.Length; i++) Set(Rtp[i], peer.Dropped((RtpParseError)i), totals);
        for (int i = 0; i < Rtcp.Length; i++) Set(Rtcp[i], peer.Dropped((RtcpParseError)i), totals);
        for (int i = 0; i < Jitter.Length; i++) Set(Jitter[i], peer.Dropped((JitterInsertResult)i), totals);
        for (int i = 0; i < Sctp.Length; i++) Set(Sctp[i], peer.Dropped((SctpDropReason)i), totals);
    }

    /// <summary>By the number of the library's reason; null for the one that means success.</summary>
    /// <exception cref="InvalidOperationException">A reason has no word in <see cref="SessionDrop"/>.</exception>
    internal static SessionDrop?[] Of<TReason>(string layer, TReason? success = null) where TReason : struct, Enum
    {
        TReason[] reasons = Enum.GetValues<TReason>();
        var table = new SessionDrop?[reasons.Length];
        foreach (TReason reason in reasons)
        {
            if (success is { } none && reason.Equals(none)) continue;
            if (!Enum.TryParse(layer + reason, out SessionDrop drop))
                throw new InvalidOperationException($"SessionDrop has no {layer}{reason}.");
            table[Convert.ToInt32(reason, System.Globalization.CultureInfo.InvariantCulture)] = drop;
        }
        return table;
    }

    private static void Set(SessionDrop? reason, long count, Span<long> totals)
    {
        if (reason is { } drop) totals[(int)drop] = count;
    }
}
