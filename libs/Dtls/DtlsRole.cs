namespace Dapr.Voice.Dtls;

public enum DtlsRole : byte
{
    /// <summary>Sends the ClientHello: <c>a=setup:active</c> (RFC 8842).</summary>
    Client,

    /// <summary>Waits for the ClientHello: <c>a=setup:passive</c>.</summary>
    Server,
}
