using System.Globalization;

namespace Dapr.Voice.Sdp;

/// <summary>Finds the attributes that we need in an audio section.</summary>
internal static class AudioSection
{
    /// <summary>
    /// True for the profiles that an answerer has to accept (RFC 9429, section 5.1.2), and for the names of the drafts before RFC 7850. The
    /// name changes nothing in what we send: it is always SRTP, and the keys always come from DTLS.
    /// </summary>
    public static bool IsKnownProtocol(string protocol) => protocol
        is "UDP/TLS/RTP/SAVPF" or "UDP/TLS/RTP/SAVP"
        or "TCP/DTLS/RTP/SAVPF" or "TCP/DTLS/RTP/SAVP"
        or "TCP/TLS/RTP/SAVPF" or "TCP/TLS/RTP/SAVP"
        or "RTP/SAVPF" or "RTP/SAVP" or "RTP/AVPF" or "RTP/AVP";

    /// <summary>True for every profile whose formats are RTP payload types, whether we know it or not.</summary>
    public static bool IsRtp(string protocol) => protocol.Contains("RTP/", StringComparison.Ordinal);

    /// <summary>Returns the payload types of Opus in the order of the m-line, which is the order of preference.</summary>
    public static IEnumerable<int> FindOpus(MediaDescription media) => FindAll(media, map => map.IsOpus);

    /// <summary>
    /// Returns the payload type of telephone-event at Opus' clock rate. The 8 kHz variant would need a second clock in the same stream.
    /// </summary>
    public static int? FindTelephoneEvent(MediaDescription media)
        => FindAll(media, map => map.IsTelephoneEvent).Cast<int?>().FirstOrDefault();

    /// <summary>True if the section names the stream or the source that the client will send.</summary>
    public static bool NamesSource(MediaDescription media) => media.Attributes.Has("msid") || media.Attributes.Has("ssrc");

    /// <summary>Returns the first SSRC that the section names. An audio section has one; Firefox adds a spare one.</summary>
    public static uint? FindSsrc(MediaDescription media)
    {
        foreach (string value in media.Attributes.FindAll("ssrc"))
        {
            int space = value.IndexOf(' ');
            ReadOnlySpan<char> number = space < 0 ? value.AsSpan() : value.AsSpan(0, space);
            if (uint.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out uint ssrc)) return ssrc;
        }
        return null;
    }

    /// <summary>Returns the <c>rtpmap</c> of the first format of the m-line, or null if it has none.</summary>
    public static string? FirstRtpMap(MediaDescription media)
    {
        if (media.Formats.Count == 0 || !RtpMap.TryReadPayloadType(media.Formats[0], out int first)) return null;
        return media.Attributes.FindAll("rtpmap")
            .FirstOrDefault(value => RtpMap.TryParse(value, out RtpMap map) && map.PayloadType == first);
    }

    // The rtpmaps are read once, not once for each format: an offer of 64 KiB can have a thousand of both.
    private static IEnumerable<int> FindAll(MediaDescription media, Func<RtpMap, bool> isWanted)
    {
        var wanted = new HashSet<int>();
        foreach (string value in media.Attributes.FindAll("rtpmap"))
        {
            if (RtpMap.TryParse(value, out RtpMap map) && isWanted(map)) wanted.Add(map.PayloadType);
        }
        foreach (string format in media.Formats)
        {
            if (RtpMap.TryReadPayloadType(format, out int payloadType) && wanted.Remove(payloadType)) yield return payloadType;
        }
    }
}
