using Dapr.Voice.DevSidecar.State;
using Grpc.Core;

namespace Dapr.Voice.DevSidecar.Apps;

/// <summary>
/// An error of the sidecar's API, in the form of both transports. Each error is defined once, here, so that both transports report the same
/// fault in the same way.
/// </summary>
/// <param name="HttpStatus">The status of the HTTP answer.</param>
/// <param name="HttpCode">The <c>errorCode</c> in the JSON body of the HTTP answer.</param>
/// <param name="GrpcStatus">The status of the gRPC call.</param>
/// <param name="GrpcReason">The reason of the <c>google.rpc.ErrorInfo</c> in the gRPC status. Null if the real sidecar sends none.</param>
internal sealed record ApiError(int HttpStatus, string HttpCode, StatusCode GrpcStatus, string? GrpcReason)
{
    // State.
    public static readonly ApiError StateStoreNotFound = new(
        400, "ERR_STATE_STORE_NOT_FOUND", StatusCode.InvalidArgument, "DAPR_STATE_NOT_FOUND");
    public static readonly ApiError StateStoreNotConfigured = new(
        500, "ERR_STATE_STORE_NOT_CONFIGURED", StatusCode.FailedPrecondition, "DAPR_STATE_NOT_CONFIGURED");
    public static readonly ApiError KeyMissing = new(400, "ERR_MALFORMED_REQUEST", StatusCode.InvalidArgument, "ERR_STATE_SAVE");
    public static readonly ApiError KeyIllegal = new(400, "ERR_MALFORMED_REQUEST", StatusCode.InvalidArgument, "DAPR_STATE_ILLEGAL_KEY");
    public static readonly ApiError StateGet = new(500, "ERR_STATE_GET", StatusCode.Internal, "ERR_STATE_GET");
    public static readonly ApiError StateBulkGet = new(500, "ERR_STATE_BULK_GET", StatusCode.Internal, "ERR_STATE_BULK_GET");
    public static readonly ApiError StateSave = new(500, "ERR_STATE_SAVE", StatusCode.Internal, "ERR_STATE_SAVE");
    public static readonly ApiError StateDelete = new(500, "ERR_STATE_DELETE", StatusCode.Internal, "ERR_STATE_DELETE");
    public static readonly ApiError StateTransaction = new(500, "ERR_STATE_TRANSACTION", StatusCode.Internal, "ERR_STATE_TRANSACTION");
    public static readonly ApiError TransactionsNotSupported
        = new(500, "ERR_STATE_STORE_NOT_SUPPORTED", StatusCode.Unimplemented, "DAPR_STATE_TRANSACTIONS_NOT_SUPPORTED");
    public static readonly ApiError OperationUnknown
        = new(400, "ERR_NOT_SUPPORTED_STATE_OPERATION", StatusCode.Unimplemented, "ERR_NOT_SUPPORTED_STATE_OPERATION");
    public static readonly ApiError MalformedRequest = new(
        400, "ERR_MALFORMED_REQUEST", StatusCode.InvalidArgument, "ERR_MALFORMED_REQUEST");

    // Publish and subscribe.
    public static readonly ApiError PubSubNotFound = new(404, "ERR_PUBSUB_NOT_FOUND", StatusCode.InvalidArgument, "DAPR_PUBSUB_NOT_FOUND");
    public static readonly ApiError TopicEmpty = new(
        404, "ERR_TOPIC_NAME_EMPTY", StatusCode.InvalidArgument, "DAPR_PUBSUB_TOPIC_NAME_EMPTY");
    public static readonly ApiError TopicForbidden = new(403, "ERR_PUBSUB_FORBIDDEN", StatusCode.PermissionDenied, "DAPR_PUBSUB_FORBIDDEN");
    public static readonly ApiError CloudEventMalformed
        = new(500, "ERR_PUBSUB_CLOUD_EVENTS_SER", StatusCode.InvalidArgument, "DAPR_PUBSUB_CLOUD_EVENT_CREATION");
    public static readonly ApiError BulkEventsMalformed
        = new(400, "ERR_PUBSUB_EVENTS_SER", StatusCode.InvalidArgument, "DAPR_PUBSUB_MARSHAL_EVENTS");
    public static readonly ApiError Publish = new(500, "ERR_PUBSUB_PUBLISH_MESSAGE", StatusCode.Internal, "DAPR_PUBSUB_PUBLISH_MESSAGE");

    // Secrets.
    public static readonly ApiError SecretStoreNotFound = new(401, "ERR_SECRET_STORE_NOT_FOUND", StatusCode.InvalidArgument, null);
    public static readonly ApiError SecretStoreNotConfigured
        = new(500, "ERR_SECRET_STORES_NOT_CONFIGURED", StatusCode.FailedPrecondition, null);
    public static readonly ApiError SecretGet = new(500, "ERR_SECRET_GET", StatusCode.Internal, null);

    // The rest.
    public static readonly ApiError MetadataFull = new(500, "ERR_BODY_READ", StatusCode.ResourceExhausted, null);
    public static readonly ApiError ConfigurationNotConfigured
        = new(500, "ERR_CONFIGURATION_STORE_NOT_CONFIGURED", StatusCode.FailedPrecondition, "ERR_CONFIGURATION_STORE_NOT_CONFIGURED");
    public static readonly ApiError LockNotConfigured = new(500, "ERR_LOCK_STORE_NOT_CONFIGURED", StatusCode.FailedPrecondition, null);
    public static readonly ApiError Unauthenticated = new(401, "ERR_UNAUTHENTICATED", StatusCode.Unauthenticated, "Unauthorized");

    /// <summary>
    /// The form of this error for a store that refused a write because of its ETag: one that does not match, or one that the store cannot
    /// read.
    /// </summary>
    public ApiError For(StateFailureKind kind) => kind switch
    {
        StateFailureKind.Mismatch => this with { HttpStatus = 409, GrpcStatus = StatusCode.Aborted },
        StateFailureKind.MalformedETag => this with { HttpStatus = 400, GrpcStatus = StatusCode.InvalidArgument },
        _ => this,
    };
}

/// <summary>
/// Ends a request with an error. The code that both transports share throws it, and each transport catches it in one place.
/// </summary>
internal sealed class ApiException(ApiError error, string message) : Exception(message)
{
    public ApiError Error { get; } = error;
}
