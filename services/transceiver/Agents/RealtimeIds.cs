using System.Security.Cryptography;

namespace Dapr.Voice.Transceiver.Agents;

/// <summary>Ids in the shape that clients of the Realtime dialect know.</summary>
internal static class RealtimeIds
{
    public static string NewItem() => New("item_");
    public static string NewResponse() => New("resp_");
    public static string NewSession() => New("sess_");

    // 80 random bits: unique over every session there will be; not a secret.
    private static string New(string prefix) => prefix + RandomNumberGenerator.GetHexString(20, lowercase: true);
}
