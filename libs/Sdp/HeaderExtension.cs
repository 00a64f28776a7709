using System.Globalization;

namespace Dapr.Voice.Sdp;

/// <summary><c>a=extmap</c>: an id and the header extension that it stands for (RFC 8285, section 5).</summary>
internal static class HeaderExtension
{
    public const string Mid = "urn:ietf:params:rtp-hdrext:sdes:mid";
    public const string AudioLevel = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

    /// <summary>
    /// Returns the offered id of an extension, or null. Ids above 14 need two-byte headers, which we do not negotiate (no
    /// <c>extmap-allow-mixed</c>).
    /// </summary>
    public static int? FindId(IReadOnlyList<SdpAttribute> attributes, string uri)
    {
        foreach (string value in attributes.FindAll("extmap"))
        {
            string[] parts = value.Split(' ', 3);
            if (parts.Length < 2 || parts[1] != uri) continue;
            int slash = parts[0].IndexOf('/');
            string direction = slash < 0 ? "sendrecv" : parts[0][(slash + 1)..];
            ReadOnlySpan<char> id = slash < 0 ? parts[0].AsSpan() : parts[0].AsSpan(0, slash);
            // A one-way extension needs the mirrored direction in the answer, which some browsers do not read. Neither of our two
            // extensions is offered that way.
            if (direction != "sendrecv") continue;
            if (int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= 14)
                return number;
        }
        return null;
    }
}
