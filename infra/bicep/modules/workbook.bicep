import { tagsType } from '../types.bicep'

metadata description = 'Workbook beside Application Insights: the health of the fleet. Its queries name the metrics of docs/telemetry.md.'

@description('Azure location.')
param location string

@description('Tags of every resource.')
param tags tagsType

@description('Resource id of the Application Insights that it reads.')
param insightsId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  // The name of a workbook has to be a GUID.
  name: guid(insightsId, 'voice-fleet')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Voice: health of the fleet'
    category: 'workbook'
    sourceId: insightsId
    serializedData: loadTextContent('workbook.json')
  }
}

@description('Resource id of the workbook.')
output id string = workbook.id
