using Dapr.Voice.Rtp;
using Dapr.Voice.Srtp;

namespace Dapr.Voice.Tests.Unit.Srtp;

internal static class SrtpTestData
{
    public static readonly SrtpKeyingMaterial Cm = Material(SrtpProtectionProfile.Aes128CmHmacSha1_80);
    public static readonly SrtpKeyingMaterial Gcm = Material(SrtpProtectionProfile.AeadAes128Gcm);

    public static SrtpKeyingMaterial Of(SrtpProtectionProfile profile) => profile == Cm.Profile ? Cm : profile == Gcm.Profile ? Gcm
        : Material(profile);

    /// <summary>A buffer with an RTP packet of 12 + <paramref name="payloadLength"/> bytes and room for any tag.</summary>
    public static byte[] Packet(ushort sequence, uint ssrc = 1, int payloadLength = 20)
    {
        byte[] buffer = new byte[12 + payloadLength + SrtpProfileParameters.MaximumRtpOverhead];
        RtpPacketWriter.WriteHeader(buffer, 111, false, sequence, sequence * 960u, ssrc);
        for (int i = 0; i < payloadLength; i++) buffer[12 + i] = (byte)(sequence + i);
        return buffer;
    }

    /// <summary>The packet of <see cref="Packet"/> as the context sends it.</summary>
    public static byte[] Protected(SrtpContext context, ushort sequence, uint ssrc = 1, int payloadLength = 20)
    {
        byte[] buffer = Packet(sequence, ssrc, payloadLength);
        return buffer[..context.Protect(buffer, 12 + payloadLength)];
    }

    public static byte[] ProtectedRtcp(SrtcpContext context, uint ssrc = 1, bool isByeOnly = false)
    {
        byte[] buffer = new byte[100];
        var writer = new RtcpWriter(buffer);
        if (!isByeOnly) writer.AddReceiverReport(ssrc);
        if (!isByeOnly) writer.AddCname(ssrc, "cname"u8);
        writer.AddBye(ssrc);
        return buffer[..context.Protect(buffer, writer.Length)];
    }

    private static SrtpKeyingMaterial Material(SrtpProtectionProfile profile) => new(
        profile,
        [.. Enumerable.Range(1, SrtpProfileParameters.KeyLength(profile)).Select(i => (byte)i)],
        [.. Enumerable.Range(101, SrtpProfileParameters.SaltLength(profile)).Select(i => (byte)i)]);
}
