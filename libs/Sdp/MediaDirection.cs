namespace Dapr.Voice.Sdp;

/// <summary>Who sends, as seen by the author of the description (RFC 3264, section 5.1).</summary>
[Flags]
public enum MediaDirection : byte
{
    Inactive = 0,
    SendOnly = 1,
    RecvOnly = 2,
    SendRecv = SendOnly | RecvOnly,
}

internal static class MediaDirections
{
    public static string ToAttributeName(this MediaDirection direction) => direction switch
    {
        MediaDirection.SendRecv => "sendrecv",
        MediaDirection.SendOnly => "sendonly",
        MediaDirection.RecvOnly => "recvonly",
        _ => "inactive",
    };

    /// <summary>
    /// Returns the direction of the section: its own attribute, else the session's attribute (Firefox writes it there), else sendrecv.
    /// </summary>
    public static MediaDirection Of(SessionDescription session, MediaDescription media)
        => Find(media.Attributes) ?? Find(session.Attributes) ?? MediaDirection.SendRecv;

    private static MediaDirection? Find(IReadOnlyList<SdpAttribute> attributes)
    {
        foreach (SdpAttribute attribute in attributes)
        {
            switch (attribute.Name)
            {
                case "sendrecv": return MediaDirection.SendRecv;
                case "sendonly": return MediaDirection.SendOnly;
                case "recvonly": return MediaDirection.RecvOnly;
                case "inactive": return MediaDirection.Inactive;
            }
        }
        return null;
    }
}
