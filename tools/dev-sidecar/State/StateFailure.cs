namespace Dapr.Voice.DevSidecar.State;

/// <summary>Why a store refused an operation. The API answers with 409, 400 or 500.</summary>
internal enum StateFailureKind { Mismatch, MalformedETag, Error }

/// <param name="Message">Our own words. Callers must not depend on them.</param>
internal sealed record StateFailure(StateFailureKind Kind, string Message)
{
    public static StateFailure Mismatch { get; } = new(StateFailureKind.Mismatch, "possible etag mismatch. error from state store");

    public static StateFailure Error(string message) => new(StateFailureKind.Error, message);
}
