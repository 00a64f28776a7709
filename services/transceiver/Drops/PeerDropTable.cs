using Dapr.Voice.Dtls;
using Dapr.Voice.Ice;
using Dapr.Voice.Rtp;
using Dapr.Voice.Sctp;
using Dapr.Voice.Srtp;
using Dapr.Voice.WebRtc;

namespace Dapr.Voice.Transceiver.Drops;

/// <summary>
/// Maps each reason of a library to its <see cref="SessionDrop"/>. The member's name is the name of the layer followed by the name of the
/// reason. If a library gains a reason without such a member, a test fails, and the process stops at start.
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

    /// <summary>Writes how much <paramref name="peer"/> has dropped since it was created, by reason. It allocates nothing.</summary>
    /// <param name="totals">One element for each <see cref="SessionDrop"/>. Elements that no library counts are not changed.</param>
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

    /// <summary>
    /// Returns a table indexed by the number of the library's reason. The element of the value that means success is null.
    /// </summary>
    /// <exception cref="InvalidOperationException">A reason has no member in <see cref="SessionDrop"/>.</exception>
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
