namespace Dapr.Voice.Rtp;

/// <summary>SDES item types (RFC 3550, section 6.5; RFC 7941; RFC 8843 for MID).</summary>
public enum SdesItemType : byte
{
    End = 0,
    Cname = 1,
    Name = 2,
    Email = 3,
    Phone = 4,
    Location = 5,
    Tool = 6,
    Note = 7,
    Private = 8,
    Mid = 15,
}
