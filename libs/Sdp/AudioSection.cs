using System.Globalization;

namespace Dapr.Voice.Sdp;

/// <summary>What we look for in an audio section.</summary>
internal static class AudioSection
{
    public static bool IsKnownProtocol(string protocol) => protocol is "UDP/TLS/RTP/SAVPF" or "TCP/TLS/RTP/SAVPF";

    /// <summary>Payload type of the first Opus in the order of the m-line, which is the order of preference.</summary>
    public static int? FindOpus(MediaDescription media) => Find(media, map => map.IsOpus);

    /// <summary>telephone-event at Opus' clock; the 8 kHz one would need a second clock on the same stream.</summary>
    public static int? FindTelephoneEvent(MediaDescription media) => Find(media, map => map.IsTelephoneEvent);

    /// <summary>The first SSRC the section names; an audio section has one, but for Firefox' spare.</summary>
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

    private static int? Find(MediaDescription media, Func<RtpMap, bool> isWanted)
    {
        foreach (string format in media.Formats)
        {
            if (!RtpMap.TryReadPayloadType(format, out int payloadType)) continue;
            foreach (string value in media.Attributes.FindAll("rtpmap"))
            {
                if (RtpMap.TryParse(value, out RtpMap map) && map.PayloadType == payloadType && isWanted(map)) return payloadType;
            }
        }
        return null;
    }
}
