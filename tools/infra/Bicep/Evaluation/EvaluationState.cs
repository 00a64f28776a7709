namespace Dapr.Voice.Infra.Bicep.Evaluation;

internal enum EvaluationState
{
    NotStarted,
    Running,
    Done,
}
