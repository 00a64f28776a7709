using System.Globalization;

namespace Dapr.Voice.Sdp;

/// <summary>Finds the attributes that we need in an audio section.</summary>
internal static class AudioSection
{
    public static bool IsKnownProtocol(string protocol) => protocol is "UDP/TLS/RTP/SAVPF" or "TCP/TLS/RTP/SAVPF";

    /// <summary>Returns the payload type of the first Opus format on the m-line, which lists formats in order of preference.</summary>
    public static int? FindOpus(MediaDescription media) => Find(media, map => map.IsOpus);

    /// <summary>
    /// Returns the payload type of telephone-event at Opus' clock rate. The 8 kHz variant would need a second clock in the same stream.
    /// </summary>
    public static int? FindTelephoneEvent(MediaDescription media) => Find(media, map => map.IsTelephoneEvent);

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
