using System.Net;
using System.Text.Json;

namespace Dapr.Voice.Sidecar;

/// <summary>Why there is no answer at all.</summary>
internal enum SidecarFailure { None, NoConnection, Deadline, AnswerTooLong }

/// <summary>What the sidecar answered, or why there is no answer.</summary>
internal readonly record struct SidecarAnswer(HttpStatusCode Status, ReadOnlyMemory<byte> Body, SidecarFailure Failure)
{
    public static SidecarAnswer Failed(SidecarFailure failure) => new(default, default, failure);

    public bool IsSuccess => Failure == SidecarFailure.None && (int)Status is >= 200 and < 300;

    /// <summary>
    /// The <c>errorCode</c> of the body; the status where the body has none (a refused token is plain text); the failure where there is no
    /// answer. Short and safe for a log: messages are left out, since they may quote keys and values.
    /// </summary>
    public string ErrorCode
    {
        get
        {
            if (Failure != SidecarFailure.None) return Failure.ToString();
            try
            {
                var reader = new Utf8JsonReader(Body.Span);
                if (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
                {
                    while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                    {
                        bool isCode = reader.ValueTextEquals("errorCode"u8);
                        if (!reader.Read()) break;
                        if (isCode && reader.TokenType == JsonTokenType.String && reader.GetString() is { Length: > 0 and <= 100 } code)
                            return code;
                        reader.Skip();
                    }
                }
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                // Not JSON: the status is all there is.
            }
            return $"HTTP_{(int)Status}";
        }
    }
}
