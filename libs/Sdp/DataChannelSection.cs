using System.Globalization;

namespace Dapr.Voice.Sdp;

/// <summary>
/// An application section for data channels, either in the form of RFC 8841 or in the form of the drafts before it, which aiortc uses and
/// which has the port in the m-line.
/// </summary>
internal static class DataChannelSection
{
    /// <summary>The message size that a peer accepts if it does not say (RFC 8841, section 6).</summary>
    public const long DefaultMaxMessageSize = 65536;

    private const string Format = "webrtc-datachannel";

    public static bool IsKnownProtocol(string protocol) => protocol is "UDP/DTLS/SCTP" or "TCP/DTLS/SCTP" or "DTLS/SCTP";

    /// <summary>
    /// True if the m-line has a port where RFC 8841 has <c>webrtc-datachannel</c>. The protocol does not tell the two forms apart.
    /// </summary>
    public static bool IsLegacy(MediaDescription media) => !media.Formats.Contains(Format);

    /// <returns>The peer's SCTP port, or null if the section is not a data channel.</returns>
    public static int? ReadPort(MediaDescription media)
    {
        // RFC 8841, section 5.1 has no default. Browsers assume 5000, so that clients exist that do not name the port.
        if (!IsLegacy(media)) return media.Attributes.Find("sctp-port") is { } port ? ReadPort(port) : OfferAnswer.DefaultSctpPort;
        // a=sctpmap:5000 webrtc-datachannel 65535
        foreach (string value in media.Attributes.FindAll("sctpmap"))
        {
            string[] parts = value.Split(' ');
            if (parts.Length >= 2 && parts[1] == Format && parts[0] == media.Formats[0]) return ReadPort(parts[0]);
        }
        return null;
    }

    public static long ReadMaxMessageSize(MediaDescription media)
    {
        if (media.Attributes.Find("max-message-size") is not { } text) return DefaultMaxMessageSize;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long size) ? size : DefaultMaxMessageSize;
    }

    private static int? ReadPort(string text)
        => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port != 0 ? port : null;
}
